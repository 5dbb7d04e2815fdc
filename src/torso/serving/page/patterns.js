// The whole certificate: each task's headline metric on held-out rows, by the modalities that they lack.
import { el, fill } from "./dom.js";

/** Show it in an element, with the pattern of the row marked; nothing where the run has none. */
export function showPatterns(node, { schema, words, absent }) {
  const judged = schema.certificates.filter((each) => each.judged && Object.keys(each.tasks).length);
  if (judged.length < 2) {
    fill(node);
    return;
  }
  const same = (one) => absent !== null && one.length === absent.length && one.every((name) => absent.includes(name));
  const tasks = schema.tasks.map((task) => task.name).filter((task) => judged.some((each) => each.tasks[task]));
  const head = el("tr", {}, el("th", { scope: "col" }, words.say("patterns.corner")), tasks.map((task) => el("th", { scope: "col" }, task)));
  const rows = judged.map((each) => {
    const name = each.absent.length ? words.say("patterns.lacks", { absent: words.list(each.absent) }) : words.say("patterns.whole");
    const own = same(each.absent);
    return el("tr", { class: own ? "own" : null, "aria-current": own ? "true" : null },
      el("th", { scope: "row" }, name, el("span", { class: "kind" }, words.whole.format(each.rows), each.made ? ` · ${words.say("patterns.made")}` : "")),
      tasks.map((task) => cell(each.tasks[task], words)));
  });
  fill(node,
    el("h2", { id: "patterns-heading" }, words.say("patterns.title")),
    el("div", { class: "card" }, el("p", { class: "about" }, words.say("patterns.about")),
      el("div", { class: "scroll", tabindex: "0", role: "region", "aria-labelledby": "patterns-heading" },
        el("table", { class: "heat" }, el("thead", {}, head), el("tbody", {}, rows)))));
  node.setAttribute("aria-labelledby", "patterns-heading");
}

function cell(own, words) {
  if (!own || !Number.isFinite(own.value)) return el("td", { class: "none" }, "–");
  const tone = { better: "more", worse: "less", "no better": "less" }[own.verdict] ?? "none";
  const strength = { better: 0.55, worse: 0.8, "no better": 0.3 }[own.verdict] ?? 0;
  const range = Number.isFinite(own.low) ? ` [${words.figure(own.low)}, ${words.figure(own.high)}]` : "";
  return el("td", { class: tone, vars: { "--v": strength }, title: `${words.metric(own.metric)} ${words.figure(own.value)}${range}` }, words.figure(own.value));
}
