// The form: a card for each modality, with a switch that leaves it out and keeps its cells.
import { el, freshId } from "./dom.js";
import { fieldOf } from "./fields.js";

const SHOWN = 12; // columns of a modality before the rest folds away

export class Form {
  constructor(node, { schema, words, changed, most }) {
    Object.assign(this, { words, changed });
    this.fields = new Map();
    this.switches = new Map();
    const cards = Object.entries(schema.modalities).map(([name, columns]) => {
      const fields = columns.map((column) => {
        const input = schema.inputs.find((own) => own.name === column);
        const field = fieldOf(input, words, changed);
        if (most) field.most = most;
        this.fields.set(column, field);
        return field;
      });
      return this.card(name, fields);
    });
    node.replaceChildren(...cards);
    document.onpaste = (event) => this.paste(event);
  }

  card(name, fields) {
    const { words } = this;
    const alone = fields.length === 1 && fields[0].input.name === name;
    const ident = freshId("modality");
    const state = el("span", { class: "state", "aria-hidden": "true" }, words.say("inputs.on"));
    const used = el("input", {
      type: "checkbox", role: "switch", checked: true, "aria-label": words.say("inputs.used", { name }),
      onchange: () => { this.shift(name); this.changed(); },
    });
    const kind = alone || new Set(fields.map((field) => field.input.kind)).size === 1 ? words.kind(fields[0].input.kind) : null;
    const nodes = fields.map((field) => field.node);
    const rest = nodes.splice(SHOWN);
    const more = rest.length
      ? el("details", {}, el("summary", {}, words.say("inputs.more", { count: rest.length })), el("div", { class: "cells" }, rest))
      : null;
    const card = el("section", { class: `card modality ${alone ? "alone" : "several"}`, "aria-labelledby": ident, "data-modality": name },
      el("div", { class: "top" }, el("h3", { id: ident }, name, kind ? el("span", { class: "kind" }, kind) : null), el("label", { class: "switch" }, state, used, el("span", { class: "track", "aria-hidden": "true" }))),
      el("div", { class: "cells" }, nodes), more);
    this.switches.set(name, { used, card, state, columns: fields.map((field) => field.input.name) });
    return card;
  }

  shift(name) {
    const { used, card, state } = this.switches.get(name);
    card.classList.toggle("off", !used.checked);
    state.textContent = this.words.say(used.checked ? "inputs.on" : "inputs.off");
  }

  /** Put a picture from the clipboard into the first empty field of pictures. */
  paste(event) {
    const file = [...(event.clipboardData?.files ?? [])].find((own) => own.type.startsWith("image/"));
    const fields = [...this.fields.values()].filter((field) => field.media === "image");
    if (!file || !fields.length) return;
    event.preventDefault();
    (fields.find((field) => !field.file) ?? fields[0]).take(file);
  }

  /** Return the row as a request holds it: columns without what is empty or switched off. */
  async row() {
    const cells = {};
    for (const { used, columns } of this.switches.values()) {
      if (!used.checked) continue;
      for (const column of columns) {
        const cell = await this.fields.get(column).get();
        if (cell !== null) cells[column] = cell;
      }
    }
    return cells;
  }

  /** Return all cells, switched off or not, and the modalities that are off. */
  async kept() {
    const cells = {};
    for (const [column, field] of this.fields) cells[column] = await field.get();
    return { cells, off: [...this.switches].filter(([, { used }]) => !used.checked).map(([name]) => name) };
  }

  /** Return column -> text or file, for the overlays. */
  async held() {
    const row = await this.row();
    return Object.fromEntries(Object.entries(row).map(([column, cell]) => [column, this.fields.get(column).file ?? cell]));
  }

  set(row, off = []) {
    for (const [column, field] of this.fields) {
      field.set(row[column] ?? null);
      field.mark("");
    }
    for (const [name, { used }] of this.switches) {
      used.checked = !off.includes(name);
      this.shift(name);
    }
  }

  /** Mark what is wrong with a cell; return whether there is such a field. */
  mark(column, message) {
    const field = this.fields.get(column);
    field?.mark(message);
    return Boolean(field);
  }

  unmark() {
    for (const field of this.fields.values()) field.mark("");
  }
}
