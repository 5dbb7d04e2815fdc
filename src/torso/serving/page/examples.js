// Rows that the run carries, as buttons with a look of each.
import { el, fill } from "./dom.js";

const LONGEST = 26; // characters of a cell that names an example

/** Show the examples in an element; `choose` is told of the one that is pressed. */
export function showExamples(node, { examples, schema, words, choose }) {
  const buttons = examples.map((example, at) => {
    const title = example.made ? words.say("inputs.made") : words.say("inputs.example", { number: at + 1 });
    return el("button", { type: "button", class: "example", title: example.name, onclick: () => choose(example), "data-example": at },
      look(example.row, schema), el("span", {}, el("b", {}, title), el("span", { class: "about" }, glimpse(example.row, schema))));
  });
  node.setAttribute("aria-label", words.say("inputs.examples"));
  fill(node, buttons);
}

/** Return the first picture of a row. */
function look(row, schema) {
  const input = schema.inputs.find((own) => own.kind === "image" && row[own.name]?.base64);
  if (!input) return null;
  const { base64, media_type: type } = row[input.name];
  return el("img", { src: `data:${type ?? "image/png"};base64,${base64}`, alt: "", onerror: (event) => event.target.remove() });
}

/** Return the first cell that can be read, texts before others. */
function glimpse(row, schema) {
  const shown = ["text", "choice", "date", "number"].flatMap((send) => schema.inputs.filter((own) => own.send === send)).find((own) => row[own.name] !== undefined && row[own.name] !== null);
  if (!shown) return "";
  const text = String(row[shown.name]);
  const cut = text.length > LONGEST ? `${text.slice(0, LONGEST).trimEnd()} …` : text;
  return shown.send === "text" ? cut : `${shown.name}: ${cut}`;
}
