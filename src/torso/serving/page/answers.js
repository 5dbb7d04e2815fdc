// The card of a task: its answer, how sure it is, and what held-out rows say of such answers.
import { el, fill } from "./dom.js";
import { drawingOf } from "./drawings.js";

const SHOWN = 5; // classes that stand in the card
const MARGIN = 0.12; // of the axis of an interval

export class TaskCard {
  /** `task` is one of GET /schema. */
  constructor(task, words) {
    Object.assign(this, { task, words, ends: null, before: null });
    this.value = el("p", { class: "value" }, "–");
    this.beside = el("p", { class: "beside" });
    this.picture = el("div", { class: "picture", hidden: true });
    this.worth = el("p", { class: "worth", hidden: true });
    this.why = el("div", { class: "why", hidden: true });
    this.node = el("article", { class: "card task", "data-task": task.name },
      el("h3", {}, task.name, el("span", { class: "kind" }, words.kind(task.kind))),
      el("div", { class: "answer" }, this.value, this.beside), this.picture, this.worth, this.why);
    this.clear();
  }

  /** Show what the task is worth on all held-out rows, before anything is asked. */
  clear() {
    this.node.classList.add("idle");
    this.value.textContent = "–";
    fill(this.beside);
    fill(this.picture);
    fill(this.why);
    this.ends = this.before = null;
    const { headline } = this.task;
    fill(this.worth, headline ? this.figures(this.words.say("answers.scored"), headline) : null);
  }

  /** Show an answer to a row that holds `held`, and the certificate of its pattern of gaps. */
  show(answer, certificate, held) {
    this.node.classList.remove("idle");
    const { value, beside, picture } = drawingOf(this.task, answer, held, this.words) ?? this.drawn(answer);
    this.value.textContent = value;
    this.value.classList.toggle("long", value.length > 18);
    fill(this.beside, beside);
    fill(this.picture, picture);
    this.before = answer;
    this.certify(certificate);
  }

  /** Return the answer as a sentence for those who listen. */
  told() {
    return `${this.task.name}: ${this.value.textContent}${this.beside.hidden ? "" : ` (${this.beside.textContent})`}`;
  }

  drawn(answer) {
    const { words } = this;
    const given = answer.answer;
    if (!answer.probabilities && (answer.kind === "binary" || typeof given === "boolean")) {
      const sure = given ? answer.probability : 1 - answer.probability;
      return { value: this.name(given), beside: this.sure(sure), picture: this.bars({ [words.say("answers.yes")]: answer.probability, [words.say("answers.no")]: 1 - answer.probability }) };
    }
    if (Array.isArray(given) && answer.probabilities) {
      return { value: given.length ? words.list(given) : words.say("answers.none"), beside: null, picture: this.bars(answer.probabilities) };
    }
    if (answer.probabilities) return { value: this.name(given), beside: this.sure(answer.probability), picture: this.bars(answer.probabilities) };
    if (typeof given === "number") return { value: words.number(given), beside: this.around(answer), picture: this.interval(answer) };
    return this.others(answer);
  }

  name(given) {
    if (given === null || given === undefined) return this.words.say("answers.none");
    if (typeof given === "boolean") return this.words.say(given ? "answers.yes" : "answers.no");
    return typeof given === "number" ? this.words.number(given) : String(given);
  }

  sure(probability) {
    return Number.isFinite(probability) ? this.words.say("answers.probability", { value: this.words.percent(probability) }) : null;
  }

  around({ low, high, spread }) {
    const { words, task } = this;
    if (Number.isFinite(low) && Number.isFinite(high)) {
      const share = words.say("answers.interval", { share: words.wholePercent(task.promised ?? 0.9) });
      return `${share} [${words.number(low)}, ${words.number(high)}]`;
    }
    return Number.isFinite(spread) ? words.say("answers.spread", { value: words.number(spread) }) : null;
  }

  /** Return the probabilities of classes, the largest first; many fold away. */
  bars(probabilities) {
    const ordered = Object.entries(probabilities).sort(([, one], [, other]) => other - one);
    const line = ([name, share], at) =>
      el("li", { class: at === 0 ? "first" : null }, el("span", { class: "name" }, name),
        el("span", { class: "bar", vars: { "--v": Math.max(0, Math.min(1, share ?? 0)) } }), el("span", { class: "number" }, this.words.percent(share ?? NaN)));
    const first = el("ul", { class: "bars" }, ordered.slice(0, SHOWN).map(line));
    if (ordered.length <= SHOWN) return first;
    const all = el("details", {}, el("summary", {}, this.words.say("answers.all", { count: ordered.length })),
      el("ul", { class: "bars" }, ordered.slice(SHOWN).map((pair) => line(pair, SHOWN))));
    return [first, all];
  }

  /** Return the interval on an axis that keeps the earlier answers in view, with the last one's place as a ghost. */
  interval({ answer, low, high }) {
    if (!(Number.isFinite(low) && Number.isFinite(high))) return null;
    const before = this.before?.answer;
    this.ends = [Math.min(low, answer, this.ends?.[0] ?? low), Math.max(high, answer, this.ends?.[1] ?? high)];
    const wide = (this.ends[1] - this.ends[0]) * (1 + 2 * MARGIN) || 1;
    const left = this.ends[0] - (this.ends[1] - this.ends[0]) * MARGIN;
    const at = (value) => `${Math.max(0, Math.min(100, (100 * (value - left)) / wide))}%`;
    const ghost = Number.isFinite(before) && before !== answer
      ? el("span", { class: "ghost", vars: { left: at(before) }, title: this.words.say("answers.before", { value: this.words.number(before) }) })
      : null;
    return el("div", { class: "interval" },
      el("div", { class: "axis", "aria-hidden": "true" }, ghost, el("span", { class: "whisker", vars: { left: at(low), right: `calc(100% - ${at(high)})` } }),
        el("span", { class: "point", vars: { left: at(answer) } })),
      el("div", { class: "ends", "aria-hidden": "true" }, el("span", { vars: { left: at(low) } }, this.words.number(low)), el("span", { vars: { left: at(high) } }, this.words.number(high))));
  }

  /** Return answers of other kinds: texts as they are, everything else as details. */
  others({ kind, answer, ...details }) {
    const plain = typeof answer === "string" || answer === null || answer === undefined;
    const short = Array.isArray(answer) && answer.every((part) => typeof part !== "object") && answer.length <= 12;
    const value = plain ? this.name(answer) : short ? answer.map((part) => this.name(part)).join(" ") : this.words.kind(kind);
    const rest = plain || short ? details : { answer, ...details };
    if (!Object.keys(rest).length) return { value, beside: null, picture: null };
    const text = JSON.stringify(rest, (_, part) => (typeof part === "number" ? Number(part.toPrecision(5)) : part), 1);
    return { value, beside: null, picture: el("details", {}, el("summary", {}, this.words.say("answers.details")),
      el("pre", { tabindex: "0" }, text.length > 20_000 ? `${text.slice(0, 20_000)} …` : text)) };
  }

  /** Say how held-out rows with the same gaps were answered. */
  certify(certificate) {
    const { words } = this;
    if (!certificate.judged) {
      fill(this.worth, el("span", { class: "chip bad" }, words.say("answers.never")));
      return;
    }
    const own = certificate.tasks?.[this.task.name];
    const key = certificate.made ? "answers.made" : certificate.absent.length ? "answers.like_this" : "answers.whole";
    fill(this.worth, own ? this.figures(words.say(key, { rows: words.whole.format(certificate.rows) }), own) : null);
  }

  /** Return scores on some held-out rows, a line each. */
  figures(rows, own) {
    const { words } = this;
    const ranged = Number.isFinite(own.low) && Number.isFinite(own.high);
    const figure = words.say(ranged ? "answers.figure_interval" : "answers.figure",
      { metric: words.metric(own.metric), value: words.figure(own.value), low: words.figure(own.low), high: words.figure(own.high) });
    const parts = [figure, Number.isFinite(own.baseline) ? words.say("answers.baseline", { value: words.figure(own.baseline) }) : null].filter(Boolean);
    const { coverage } = own;
    return [
      el("span", { class: "line" }, rows),
      el("span", { class: "line" }, parts.join(words.say("list.semicolon")), " ", chip(own.verdict, words)),
      coverage && Number.isFinite(coverage.value)
        ? el("span", { class: "line" }, words.say("answers.coverage", { share: words.wholePercent(coverage.value), promised: words.wholePercent(coverage.promised) }), " ", chip(coverage.verdict, words))
        : null,
    ];
  }
}

/** Return a verdict as a coloured word. */
export function chip(verdict, words) {
  if (!verdict) return null;
  const key = verdict.replaceAll(" ", "_");
  const tone = { better: "good", kept: "good", worse: "bad", too_narrow: "bad", no_better: "bad" }[key] ?? "";
  return el("span", { class: `chip ${tone}` }, words.known(`verdict.${key}`, verdict));
}
