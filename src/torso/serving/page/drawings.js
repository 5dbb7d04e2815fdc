// Answers that are no number and no class: boxes, tracks, masks, maps, marked texts, curves, directions.
import { el } from "./dom.js";

const COLOURS = 8;
const HUGE = 4096; // pixels of a side beyond which a mask or map is not drawn
const LINES = 200; // of a table beside a drawing
const colour = (at) => `c${(at % COLOURS) + 1}`;
const bytesOf = (base64) => Uint8Array.from(atob(base64), (sign) => sign.charCodeAt(0));

/** Return value, words beside it and drawing of an answer; null for a kind without a drawing. `held` is what the row holds. */
export function drawingOf(task, answer, held, words) {
  return DRAWN[answer.kind]?.({ task, answer, cell: held?.[task.of], words }) ?? null;
}

const DRAWN = { angle, boxes, caption, map, mask, retrieval, survival, tags, tracks, vector };

// --- boxes in pictures and films

function boxes({ task, answer, cell, words }) {
  const all = answer.answer ?? [];
  const [wide, high] = task.picture ?? [1, 1];
  const names = classesOf(task, all.map((box) => box.class));
  const drawn = el("svg", { viewBox: `0 0 ${wide} ${high}`, preserveAspectRatio: "none", "aria-hidden": "true" }, all.map((box) => frame(box, names)));
  return {
    value: counted(all.map((box) => box.class), words),
    beside: null,
    picture: all.length ? [over(cell, drawn, words.say("drawn.boxes", { count: all.length }), wide / high), legend(names, all.map((box) => box.class)),
      rows(words, ["class", "score", "x0", "y0", "x1", "y1"], all.map((box) => [box.class, words.percent(box.score), ...corners(box).map((at) => words.number(at))]))] : null,
  };
}

function tracks({ task, answer, words }) {
  const all = answer.answer ?? [];
  const [wide, high] = task.picture ?? [1, 1];
  const paths = grouped(all, (box) => box.track);
  const names = classesOf(task, all.map((box) => box.class));
  const lines = [...paths.values()].map((path) => [...path].sort((one, other) => one.frame - other.frame));
  const drawn = el("svg", { viewBox: `0 0 ${wide} ${high}`, preserveAspectRatio: "none", "aria-hidden": "true" }, lines.map((path) => {
    const at = path.map((box) => `${(box.x0 + box.x1) / 2} ${(box.y0 + box.y1) / 2}`);
    return el("g", {}, frame(path[0], names, 0.45), frame(path.at(-1), names),
      el("path", { class: `way ${colour(names.indexOf(path[0].class))}`, d: `M${at.join(" L")}` }));
  }));
  const firsts = lines.map((path) => path[0].class);
  return {
    value: counted(firsts, words),
    beside: null,
    picture: lines.length ? [over(null, drawn, words.say("drawn.tracks", { count: lines.length }), wide / high), legend(names, firsts),
      rows(words, ["class", "score", "frames"], lines.map((path) => [path[0].class, words.percent(Math.max(...path.map((box) => box.score))), `${path[0].frame} – ${path.at(-1).frame}`]))] : null,
  };
}

const corners = (box) => [box.x0, box.y0, box.x1, box.y1];

function frame(box, names, strength = 1) {
  return el("rect", { x: box.x0, y: box.y0, width: Math.max(0, box.x1 - box.x0), height: Math.max(0, box.y1 - box.y0),
    class: `box ${colour(names.indexOf(box.class))}`, "stroke-opacity": strength });
}

/** Return "2 × cat, dog" of class names. */
function counted(all, words) {
  const numbers = grouped(all, (name) => name);
  if (!numbers.size) return words.say("answers.none");
  return words.list([...numbers].map(([name, own]) => (own.length > 1 ? `${own.length} × ${name}` : String(name))));
}

function grouped(all, key) {
  const groups = new Map();
  for (const each of all) groups.set(key(each), [...(groups.get(key(each)) ?? []), each]);
  return groups;
}

const classesOf = (task, seen) => [...new Set([...(task.classes ?? []), ...seen])];

/** Return a drawing over the picture that was sent, or over an empty frame. */
function over(cell, drawn, label, ratio = 1) {
  const image = cell?.url ? el("img", { src: cell.url, alt: "" }) : null;
  image?.addEventListener("load", () => image.classList.toggle("tiny", image.naturalWidth <= 64));
  return el("div", { class: "overlay drawn", role: "img", "aria-label": label, vars: image ? {} : { "aspect-ratio": String(ratio) } }, image, drawn);
}

function legend(names, seen, figures = {}) {
  const shown = names.filter((name) => seen.includes(name));
  return el("ul", { class: "legend" }, shown.map((name) =>
    el("li", {}, el("span", { class: `swatch ${colour(names.indexOf(name))}`, "aria-hidden": "true" }), String(name), figures[name] ? ` ${figures[name]}` : null)));
}

/** Return the drawing's figures as a table that folds away. */
function rows(words, titles, lines) {
  const head = el("thead", {}, el("tr", {}, titles.map((title) => el("th", { scope: "col" }, words.known(`drawn.${title}`, title)))));
  const body = el("tbody", {}, lines.slice(0, LINES).map((cells) => el("tr", {}, cells.map((cell) => el("td", {}, String(cell))))));
  const more = lines.length > LINES ? el("p", { class: "hint" }, words.say("drawn.more", { count: lines.length - LINES })) : null;
  return el("details", {}, el("summary", {}, words.say("answers.details")), el("div", { class: "scroll", tabindex: "0" }, el("table", {}, head, body)), more);
}

// --- an answer for every pixel

function mask({ task, answer, cell, words }) {
  if (!answer.answer) return null;
  const names = task.classes ?? [];
  const values = task.values ?? names.map((_, at) => at);
  const canvas = el("canvas", {});
  const node = el("div", {}, over(cell, canvas, words.say("drawn.mask")));
  const blob = new Blob([bytesOf(answer.answer)], { type: "image/png" });
  pixelsOf(blob, canvas).then((pixels) => {
    if (!pixels) return;
    const probe = el("span", { hidden: true });
    document.body.append(probe);
    const tones = values.map((_, at) => { probe.className = colour(at); return rgb(getComputedStyle(probe).getPropertyValue("--c"), probe); });
    probe.remove();
    const counts = new Array(values.length).fill(0);
    for (let at = 0; at < pixels.data.length; at += 4) {
      const own = values.indexOf(pixels.data[at]);
      if (own >= 0) counts[own] += 1;
      const [red, green, blue] = tones[own] ?? [0, 0, 0];
      pixels.data.set([red, green, blue, own > 0 || values.length < 2 ? 150 : 40], at);
    }
    canvas.getContext("2d").putImageData(pixels, 0, 0);
    const total = pixels.data.length / 4;
    const shares = Object.fromEntries(names.map((name, at) => [name, words.percent(counts[at] / total)]));
    node.append(legend(names, names.filter((_, at) => counts[at]), shares));
  });
  return { value: words.kind("mask"), beside: null, picture: node };
}

function map({ answer, cell, words }) {
  if (!answer.answer) return null;
  const bytes = bytesOf(answer.answer);
  const canvas = el("canvas", {});
  if (bytes[0] === 0x89) { // a picture
    pixelsOf(new Blob([bytes], { type: "image/png" }), canvas).then((pixels) => pixels && canvas.getContext("2d").putImageData(pixels, 0, 0));
    return { value: words.kind("map"), beside: null, picture: over(null, canvas, words.say("drawn.map")) };
  }
  const array = npy(bytes);
  if (!array || array.shape[0] > HUGE || array.shape[1] > HUGE) return null;
  const [high, wide, channels = 1] = array.shape;
  const first = Float32Array.from({ length: high * wide }, (_, at) => array.values[at * channels]);
  let [low, most] = [Infinity, -Infinity];
  for (const value of first) if (Number.isFinite(value)) [low, most] = [Math.min(low, value), Math.max(most, value)];
  Object.assign(canvas, { width: wide, height: high });
  const context = canvas.getContext("2d");
  const pixels = context.createImageData(wide, high);
  first.forEach((value, at) => {
    const share = most > low ? (value - low) / (most - low) : 0.5;
    pixels.data.set([255 * share ** 1.5, 40 + 200 * share ** 0.8, 90 + 90 * (1 - share), 255], at * 4);
  });
  context.putImageData(pixels, 0, 0);
  const ends = el("p", { class: "hint" }, words.say("drawn.range", { low: words.number(low), high: words.number(most) }));
  return { value: words.kind("map"), beside: null, picture: [over(null, canvas, words.say("drawn.map"), wide / high), ends] };
}

/** Return the pixels of a picture, whose size the canvas takes; null where the browser cannot read it. */
async function pixelsOf(blob, canvas) {
  try {
    const image = await createImageBitmap(blob, { colorSpaceConversion: "none", premultiplyAlpha: "none" });
    if (image.width > HUGE || image.height > HUGE) return null;
    Object.assign(canvas, { width: image.width, height: image.height });
    const context = canvas.getContext("2d", { willReadFrequently: true });
    context.drawImage(image, 0, 0);
    return context.getImageData(0, 0, image.width, image.height);
  } catch {
    return null;
  }
}

/** Return red, green and blue of a colour in any of CSS's spellings. */
function rgb(text, probe) {
  probe.style.setProperty("color", text.trim());
  return (getComputedStyle(probe).color.match(/[\d.]+/g) ?? [0, 0, 0]).slice(0, 3).map(Number);
}

/** Return shape and numbers of an `.npy` file of floats; null for another. */
function npy(bytes) {
  const length = bytes[6] === 1 ? bytes[8] + 256 * bytes[9] : new DataView(bytes.buffer).getUint32(8, true);
  const start = (bytes[6] === 1 ? 10 : 12) + length;
  const head = new TextDecoder().decode(bytes.slice(start - length, start));
  const shape = /'shape': \(([\d, ]*)\)/.exec(head)?.[1].split(",").map(Number).filter((side) => side > 0);
  const kind = { "<f4": Float32Array, "<f8": Float64Array }[/'descr': '([^']+)'/.exec(head)?.[1]];
  if (!kind || !shape || shape.length < 2 || head.includes("'fortran_order': True")) return null;
  return { shape, values: new kind(bytes.slice(start).buffer) };
}

// --- texts and steps

function tags({ task, answer, cell, words }) {
  const all = answer.answer ?? [];
  const names = classesOf(task, all.map((span) => (typeof span === "object" ? span?.tag : span)).filter((name) => name !== null && name !== undefined));
  if (all.some((span) => typeof span !== "object")) return steps(all, names, words);
  if (typeof cell !== "string") return { value: all.length ? words.list(all.map((span) => span.tag)) : words.say("answers.none"), beside: null, picture: null };
  const signs = [...cell];
  const content = [];
  let at = 0;
  for (const span of [...all].sort((one, other) => one.start - other.start)) {
    if (span.start < at) continue;
    content.push(signs.slice(at, span.start).join(""));
    content.push(el("mark", { class: colour(names.indexOf(span.tag)), vars: { "--v": "0.35" }, title: `${span.tag} ${words.percent(span.score)}` },
      signs.slice(span.start, span.end).join(""), el("small", {}, ` ${span.tag}`)));
    at = span.end;
  }
  content.push(signs.slice(at).join(""));
  const found = all.map((span) => `${signs.slice(span.start, span.end).join("")} (${span.tag})`);
  return {
    value: found.length ? words.list(found) : words.say("answers.none"), beside: null,
    picture: all.length ? el("p", { class: "overlay text" }, content) : null,
  };
}

/** Return the tags of steps as stretches, in order. */
function steps(all, names, words) {
  const runs = [];
  for (const tag of all) {
    if (runs.at(-1)?.tag === tag) runs.at(-1).count += 1;
    else runs.push({ tag, count: 1 });
  }
  const strip = el("div", { class: "strip", "aria-hidden": "true" }, runs.map(({ tag, count }) =>
    el("span", { class: tag === null ? "none" : colour(names.indexOf(tag)), title: `${tag ?? "–"}: ${count}`, vars: { "flex-grow": String(count) } })));
  return { value: words.say("drawn.steps", { count: all.length }), beside: words.list(runs.slice(0, 12).map(({ tag, count }) => `${tag ?? "–"} × ${count}`)), picture: [strip, legend(names, all)] };
}

function caption({ answer, words }) {
  const sure = answer.log_probability;
  const text = answer.answer;
  return {
    value: text ? String(text) : words.say("answers.none"), picture: null,
    beside: Number.isFinite(sure) ? words.say("drawn.log_probability", { value: words.number(sure) }) : null,
  };
}

// --- numbers of other shapes

function angle({ task, answer, words }) {
  const { answer: value, spread } = answer;
  if (!Number.isFinite(value)) return null;
  const turn = task.period ?? 360;
  const unit = turn === 360 ? "°" : "";
  const [x, y] = onCircle(value / turn, 44);
  const half = Math.min(0.499, Number.isFinite(spread) ? spread / turn : 0);
  const arc = half > 0 ? [onCircle(value / turn - half, 36), onCircle(value / turn + half, 36)] : null;
  return {
    value: `${words.number(value)}${unit}`,
    beside: Number.isFinite(spread) ? words.say("answers.spread", { value: `${words.number(spread)}${unit}` }) : null,
    picture: el("svg", { class: "dial", viewBox: "-50 -50 100 100", "aria-hidden": "true" },
      el("circle", { r: 44 }), [0, 0.25, 0.5, 0.75].map((share) => el("line", { class: "tick-mark", x1: onCircle(share, 40)[0], y1: onCircle(share, 40)[1], x2: onCircle(share, 44)[0], y2: onCircle(share, 44)[1] })),
      arc ? el("path", { class: "arc c1", d: `M${arc[0].join(" ")} A36 36 0 ${half > 0.25 ? 1 : 0} 1 ${arc[1].join(" ")}` }) : null,
      el("line", { class: "needle", x1: 0, y1: 0, x2: x, y2: y }), el("text", { x: 0, y: -30, "text-anchor": "middle" }, "0")),
  };
}

/** Return the place of a share of a turn: 0 is up, and it goes round as a clock does. */
const onCircle = (share, radius) => [radius * Math.sin(2 * Math.PI * share), -radius * Math.cos(2 * Math.PI * share)].map((at) => Number(at.toFixed(2)));

/** Return the probabilities of lasting beyond each horizon, as a curve and as bars. */
function survival({ answer, words }) {
  const points = Object.entries(answer).filter(([name]) => name.startsWith("survival_"))
    .map(([name, share]) => [Number(name.slice("survival_".length)), share]).filter(([at, share]) => Number.isFinite(at) && Number.isFinite(share))
    .sort(([one], [other]) => one - other);
  const { answer: value, low, high } = answer;
  const beside = Number.isFinite(low) && Number.isFinite(high) ? `[${words.number(low)}, ${words.number(high)}]` : null;
  if (!points.length) return null;
  const last = points.at(-1)[0] || 1;
  const path = [[0, 1], ...points].map(([at, share]) => `${((100 * at) / last).toFixed(2)} ${(40 - 40 * share).toFixed(2)}`).join(" L");
  return {
    value: words.number(value), beside: [words.say("drawn.median"), beside].filter(Boolean).join(" "),
    picture: [
      points.length > 1 ? el("svg", { class: "curve", viewBox: "0 0 100 40", preserveAspectRatio: "none", "aria-hidden": "true" }, el("path", { class: "c1", d: `M${path}` })) : null,
      el("ul", { class: "bars" }, points.map(([at, share]) => el("li", {}, el("span", { class: "name" }, words.say("drawn.beyond", { value: words.number(at) })),
        el("span", { class: "bar", vars: { "--v": Math.max(0, Math.min(1, share)) } }), el("span", { class: "number" }, words.percent(share))))),
    ],
  };
}

function vector({ answer, words }) {
  const values = answer.answer;
  if (!Array.isArray(values)) return null;
  const { low, high } = answer;
  const shown = values.slice(0, 6).map((value) => words.number(value)).join("  ");
  const lines = values.map((value, at) => [at + 1, words.number(value), ...(Array.isArray(low) && Array.isArray(high) ? [`[${words.number(low[at])}, ${words.number(high[at])}]`] : [])]);
  const titles = ["part", "value", ...(lines[0]?.length > 2 ? ["interval"] : [])];
  return { value: values.length > 6 ? `${shown} …` : shown, beside: null, picture: rows(words, titles, lines) };
}

/** Return how alike the modalities of the row are: cosines of their vectors, from -1 to 1. */
function retrieval({ answer, words }) {
  const vectors = Object.entries(answer).filter(([name, value]) => name !== "kind" && Array.isArray(value) && value.length);
  const pairs = vectors.flatMap(([name, one], at) => vectors.slice(at + 1).map(([other, own]) => [`${name} – ${other}`, cosine(one, own)]));
  if (!pairs.length) return { value: "–", beside: words.say("drawn.needs_two"), picture: null };
  const best = pairs.reduce((most, pair) => (pair[1] > most[1] ? pair : most));
  return {
    value: words.figure(best[1]), beside: words.say("drawn.alike", { names: best[0] }),
    picture: pairs.length > 1 ? rows(words, ["pair", "cosine"], pairs.map(([names, value]) => [names, words.figure(value)])) : null,
  };
}

function cosine(one, other) {
  const dot = (a, b) => a.reduce((sum, value, at) => sum + value * b[at], 0);
  return dot(one, other) / (Math.sqrt(dot(one, one) * dot(other, other)) || 1);
}
