// Fields for cells that are typed or picked. Each has `node`, `get()` (null: left out), `set(cell)` and `mark(message)`.
import { el, fill, freshId } from "./dom.js";
import { FileField } from "./files.js";

const FEW = 4; // classes that stand side by side
const SHORT = 34; // characters of all of them together

/** Return the field of an input of GET /schema. */
export function fieldOf(input, words, changed) {
  const kind = {
    file: FileField, text: TextField, number: NumberField, choice: few(input) ? RadioField : ChoiceField,
    date: DateField, list: ListField, numbers: NumbersField, steps: StepsField,
  }[input.send] ?? TextField;
  return new kind(input, words, changed);
}

const few = ({ values = [], more = 0 }) =>
  values.length > 0 && !more && values.length <= FEW && values.map(String).join("").length <= SHORT;

/** What all fields share: a label, a control, a hint and a place for what is wrong with the cell. */
class Field {
  constructor(input, words, changed) {
    this.input = input;
    this.words = words;
    this.changed = changed;
    this.id = freshId("cell");
    this.wrong = el("p", { class: "wrong", id: `${this.id}-wrong`, hidden: true });
    this.hint = el("p", { class: "hint", id: `${this.id}-hint`, hidden: true });
  }

  build(control, { group = false } = {}) {
    this.control = control;
    if (!group) control.id = this.id;
    control.setAttribute("aria-describedby", `${this.hint.id} ${this.wrong.id}`);
    const name = group ? el("legend", {}, this.input.name) : el("label", { for: this.id }, this.input.name);
    this.node = el(group ? "fieldset" : "div", { class: "field", "data-column": this.input.name }, name);
    this.node.append(control, this.hint, this.wrong);
  }

  mark(message) {
    fill(this.wrong, message);
    this.control.toggleAttribute("aria-invalid", Boolean(message));
    if (message) this.control.setAttribute("aria-invalid", "true");
  }

  tell() {
    this.mark("");
    this.changed();
  }
}

class TextField extends Field {
  constructor(input, words, changed) {
    super(input, words, changed);
    this.build(el("textarea", { rows: 2, oninput: () => { this.grow(); this.tell(); } }));
  }

  grow() {
    this.control.rows = Math.min(12, Math.max(2, Math.ceil(this.control.value.length / 46), this.control.value.split("\n").length));
  }

  get() { return this.control.value.trim() || null; }

  set(cell) {
    this.control.value = cell ?? "";
    this.grow();
  }
}

class NumberField extends Field {
  constructor(input, words, changed) {
    super(input, words, changed);
    const box = el("input", { type: "text", inputmode: "decimal", autocomplete: "off", oninput: () => { this.follow(); this.tell(); } });
    this.build(box);
    const { low, high, middle } = input;
    this.box = box;
    if (!(Number.isFinite(low) && Number.isFinite(high) && low < high)) return;
    const step = [0.1, 1].includes(high - low) ? 0.01 : 10 ** Math.floor(Math.log10((high - low) / 100));
    this.decimals = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
    this.slider = el("input", {
      type: "range", min: low, max: high, step: "any", "aria-label": words.say("inputs.slide", { name: input.name }),
      oninput: () => { box.value = Number(this.slider.value).toFixed(this.decimals); this.slid(); this.tell(); },
    });
    this.slider.value = middle ?? (low + high) / 2;
    this.slider.classList.add("idle");
    const both = el("div", { class: "amount" });
    box.replaceWith(both);
    both.append(box, this.slider);
    this.hint.hidden = false;
    this.hint.textContent = words.say("inputs.range", { low: words.number(low), high: words.number(high) });
    this.slid();
  }

  /** Let the slider stand where the number says. */
  follow() {
    if (!this.slider) return;
    const value = Number(this.box.value);
    const known = this.box.value.trim() !== "" && Number.isFinite(value);
    this.slider.classList.toggle("idle", !known);
    if (known) this.slider.value = value;
    this.slid();
  }

  slid() {
    const { min, max, value } = this.slider;
    this.slider.classList.toggle("idle", this.box.value.trim() === "");
    this.slider.style.setProperty("--at", (value - min) / (max - min));
  }

  /** A number, or the text as it is typed, which the run may know how to read. */
  get() {
    const text = this.box.value.trim();
    if (text === "") return null;
    return Number.isFinite(Number(text)) ? Number(text) : text;
  }

  set(cell) {
    this.box.value = typeof cell === "number" ? String(Number(cell.toPrecision(12))) : (cell ?? "");
    this.follow();
  }
}

class RadioField extends Field {
  constructor(input, words, changed) {
    super(input, words, changed);
    const name = freshId("choice");
    this.boxes = input.values.map((value) =>
      el("input", { type: "radio", name, value: String(value), onchange: () => this.tell(), onclick: () => this.again(value) }));
    this.build(
      el("div", { class: "segments" }, input.values.map((value, at) => el("label", {}, this.boxes[at], el("span", {}, String(value))))),
      { group: true },
    );
    this.last = null;
  }

  /** A click on the chosen class takes it back. */
  again(value) {
    if (this.last === String(value)) {
      this.set(null);
      this.tell();
    } else this.last = String(value);
  }

  get() {
    const at = this.boxes.findIndex((box) => box.checked);
    return at < 0 ? null : this.input.values[at];
  }

  set(cell) {
    this.last = cell === null || cell === undefined ? null : String(cell);
    for (const box of this.boxes) box.checked = box.value === this.last;
  }
}

class ChoiceField extends Field {
  constructor(input, words, changed) {
    super(input, words, changed);
    const values = input.values ?? [];
    if (values.length && !input.more) {
      this.build(el("select", { onchange: () => this.tell() },
        el("option", { value: "" }, words.say("inputs.choose")), values.map((value) => el("option", { value: String(value) }, String(value)))));
      return;
    }
    const list = el("datalist", { id: freshId("values") }, values.map((value) => el("option", { value: String(value) })));
    this.build(el("input", { type: "text", autocomplete: "off", list: list.id, oninput: () => this.tell() }));
    this.node.append(list);
  }

  get() {
    const text = this.control.value;
    if (text === "") return null;
    return (this.input.values ?? []).find((value) => String(value) === text) ?? text;
  }

  set(cell) {
    const text = cell === null || cell === undefined ? "" : String(cell);
    const known = [...(this.control.options ?? [])];
    if (known.length && !known.some((option) => option.value === text)) this.control.append(el("option", { value: text }, text));
    this.control.value = text;
  }
}

class DateField extends Field {
  constructor(input, words, changed) {
    super(input, words, changed);
    this.build(el("input", { type: "date", oninput: () => this.tell() }));
  }

  get() { return this.control.value || null; }

  set(cell) {
    const text = cell ?? "";
    this.control.type = text === "" || /^\d{4}-\d\d-\d\d$/.test(text) ? "date" : "text"; // a time, or another calendar's words
    this.control.value = text;
  }
}

/** A cell of several values as a line of text. */
class LineField extends Field {
  constructor(input, words, changed, hint) {
    super(input, words, changed);
    this.build(el("input", { type: "text", autocomplete: "off", oninput: () => this.tell() }));
    fill(this.hint, hint);
  }

  get() { return this.control.value.trim() === "" ? null : this.parts(this.control.value); }
}

class ListField extends LineField {
  constructor(input, words, changed) { super(input, words, changed, words.say("inputs.list")); }

  parts(text) { return text.split(/[,，、]/).map((part) => part.trim()).filter(Boolean); }

  set(cell) { this.control.value = Array.isArray(cell) ? cell.join(", ") : (cell ?? ""); }
}

const numbersIn = (text) => {
  const parts = text.trim().split(/[\s;]+|,\s*/).filter(Boolean);
  return parts.every((part) => Number.isFinite(Number(part))) ? parts.map(Number) : text;
};

class NumbersField extends LineField {
  constructor(input, words, changed) {
    super(input, words, changed, input.length ? words.say("inputs.numbers", { count: input.length }) : words.say("inputs.any_numbers"));
  }

  parts(text) { return numbersIn(text); }

  set(cell) { this.control.value = Array.isArray(cell) ? cell.join(" ") : (cell ?? ""); }
}

class StepsField extends TextField {
  constructor(input, words, changed) {
    super(input, words, changed);
    fill(this.hint, words.say("inputs.steps", { count: input.width ?? 1 }));
    this.control.classList.add("figures");
  }

  get() {
    const text = super.get();
    return text === null ? null : text.trim().split("\n").map((line) => numbersIn(line));
  }

  set(cell) {
    super.set(Array.isArray(cell) ? cell.map((step) => (Array.isArray(step) ? step.join(" ") : step)).join("\n") : cell);
  }
}
