// What decided an answer: shares of modalities, columns, words, regions and stretches.
import { el, fill } from "./dom.js";
import { soundOf, wave } from "./wave.js";

const SHOWN = 5; // parts of a modality
const EXACT = 1e-12; // width of an interval that is none

/** Show the explanation of a task in an element. `held` maps columns to what the row holds: a text, or a file with its address. */
export function showWhy(node, explained, media, held, words) {
  if (!explained) {
    fill(node, el("p", { class: "told" }, words.say("why.none")));
    return;
  }
  const decimals = decimalsOf(explained);
  const figure = (value) => (explained.is_probability ? words.percent(value) : words.number(value));
  const state = explained.passed === true ? "passed" : explained.passed === false ? "failed" : "untested";
  const largest = Math.max(...explained.modalities.map((each) => Math.abs(each.share.value)), 1e-300);
  fill(node,
    el("p", { class: "told" }, words.say("why.from", { value: figure(explained.value), without: figure(explained.without) }), " ",
      el("span", { class: `chip ${{ passed: "good", failed: "bad" }[state] ?? ""}` }, words.say(`why.${state}`))),
    el("ul", { class: "shares" }, explained.modalities.map((each) => modality(each, explained, { largest, decimals, words }))),
    el("div", { class: "overlays" }, overlays(explained, media, held, words)));
}

/** Three digits of the largest share; three decimals of a probability. */
function decimalsOf({ is_probability: probability, modalities, parts }) {
  const largest = Math.max(0, ...[...modalities, ...parts].map((each) => Math.abs(each.share.value)));
  return probability || !(largest > 0) ? 3 : Math.max(0, Math.min(9, 2 - Math.floor(Math.log10(largest))));
}

const tone = ({ value, low, high }) => (low > 0 || high < 0 || high - low < EXACT ? (value >= 0 ? "c1" : "c2") : "c0");

function line(name, share, { largest, decimals, words }, part = false) {
  const off = (share.high - share.low) / 2;
  const text = `${words.signed(share.value, decimals)}${off > EXACT ? ` ± ${off.toFixed(decimals)}` : ""}`;
  return el("li", { class: part ? "part" : null },
    el("span", { class: "name" }, name),
    el("span", { class: `bar ${tone(share)} ${share.value < 0 ? "down" : "up"}`, vars: { "--v": Math.min(1, Math.abs(share.value) / largest) }, "aria-hidden": "true" }),
    el("span", { class: "number" }, text));
}

/** Return the lines of a modality and of its columns; pieces of a cell fold away, since the overlays show them. */
function modality(each, explained, scale) {
  const inside = explained.parts.filter((part) => part.modality === each.modality);
  const lines = [line(each.name ?? each.modality, each.share, scale)];
  if (inside.length < 2) return lines;
  const pieces = inside.some((part) => part.piece);
  const shown = inside.length <= SHOWN + 1 ? inside : inside.slice(0, SHOWN);
  const rest = inside.slice(shown.length);
  const own = shown.map((part) => line(part.piece || part.column, part.share, scale, true));
  if (rest.length) {
    const sum = rest.reduce((total, part) => total + part.share.value, 0);
    own.push(line(scale.words.say("why.rest", { count: rest.length }), { value: sum, low: sum, high: sum }, scale, true));
  }
  if (!pieces) return [...lines, ...own];
  const summary = scale.words.say("why.pieces", { count: inside.length });
  return [...lines, el("li", { class: "pieces" }, el("details", {}, el("summary", {}, summary), el("ul", { class: "shares" }, own)))];
}

/** Return pictures, recordings and texts of the row, their pieces coloured. */
function overlays(explained, media, held, words) {
  const columns = new Map();
  for (const part of explained.parts) {
    if (!part.span?.length) continue;
    if (!columns.has(part.column)) columns.set(part.column, []);
    columns.get(part.column).push(part);
  }
  // In the order of the form, which is the same for all tasks.
  return Object.keys(held).filter((column) => columns.has(column)).map((column) => {
    const [parts, cell] = [columns.get(column), held[column]];
    const largest = Math.max(...parts.map((part) => Math.abs(part.share.value)), 1e-300);
    const seen = media?.[column];
    if (typeof cell === "string") return text(column, cell, parts, largest, words);
    if (!cell?.url || !seen) return null;
    return seen.size.length > 1 && parts[0].span.length === 4
      ? picture(column, cell, parts, seen.size, largest, words)
      : sound(column, cell, parts, seen.size[0], largest, words);
  });
}

const strength = (part, largest) => (Math.abs(part.share.value) / largest) * (tone(part.share) === "c0" ? 0.5 : 1);
const colour = (part) => (part.share.value >= 0 ? "c1" : "c2");

function boxes(parts, largest, placed) {
  return el("svg", { viewBox: "0 0 100 100", preserveAspectRatio: "none", "aria-hidden": "true" },
    parts.map((part) => {
      const [x, y, width, height] = placed(part.span);
      const box = el("rect", { x, y, width, height, class: `region ${colour(part)}`, "fill-opacity": (0.75 * strength(part, largest)).toFixed(2) });
      box.append(document.createElementNS("http://www.w3.org/2000/svg", "title"));
      box.firstChild.textContent = `${part.piece} ${part.share.value.toPrecision(3)}`;
      return box;
    }));
}

function picture(column, cell, parts, [high, wide], largest, words) {
  const placed = ([top, left, bottom, right]) => [(100 * left) / wide, (100 * top) / high, (100 * (right - left)) / wide, (100 * (bottom - top)) / high];
  const image = el("img", { src: cell.url, alt: "" });
  image.addEventListener("load", () => image.classList.toggle("tiny", image.naturalWidth <= 64));
  return el("div", { class: "overlay image", role: "img", "aria-label": words.say("why.picture", { name: column }) },
    image, boxes(parts, largest, placed));
}

function sound(column, cell, parts, length, largest, words) {
  const node = el("div", { class: "overlay audio", role: "img", "aria-label": words.say("why.sound", { name: column }) });
  soundOf(cell.blob).then((decoded) => {
    if (decoded) node.append(wave(decoded));
    // A long recording is read in part: the seconds of the pieces say which.
    const seconds = (part) => /([\d.]+)–([\d.]+) s/.exec(part.piece)?.slice(1).map(Number);
    const ends = new Map(parts.map((part) => [part.span, seconds(part)]));
    const placed = (span) => {
      const [start, end] = decoded && ends.get(span) ? ends.get(span).map((at) => at / decoded.duration) : span.map((at) => at / length);
      return [100 * start, 0, 100 * (end - start), 100];
    };
    node.append(boxes(parts, largest, placed));
  });
  return node;
}

/** Return a text with its words marked; spans count characters, of which some are two units of JavaScript. */
function text(column, cell, parts, largest, words) {
  const signs = [...cell];
  const content = [];
  let at = 0;
  for (const part of [...parts].sort((one, other) => one.span[0] - other.span[0])) {
    const [start, end] = part.span;
    content.push(signs.slice(at, start).join(""));
    content.push(el("mark", { class: colour(part), vars: { "--v": (0.45 * strength(part, largest)).toFixed(3) } }, signs.slice(start, end).join("")));
    at = end;
  }
  content.push(signs.slice(at).join(""));
  return el("p", { class: "overlay text", "aria-label": words.say("why.text", { name: column }), role: "group" }, content);
}
