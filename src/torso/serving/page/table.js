// A whole table: uploaded, answered, shown in part, and saved.
import { Refused } from "./api.js";
import { download, el, fill, freshId, sign } from "./dom.js";

const TYPES = {
  csv: "text/csv", tsv: "text/tab-separated-values", jsonl: "application/x-ndjson", ndjson: "application/x-ndjson",
  parquet: "application/vnd.apache.parquet", arrow: "application/vnd.apache.arrow.file", arrows: "application/vnd.apache.arrow.stream",
};
const SHOWN = 8; // rows
const NAMED = 12; // columns in the sentence on top

export class TableSection {
  constructor(node, { api, words, schema, examples, problem }) {
    Object.assign(this, { node, api, words, schema, examples, problem });
    const id = freshId("table");
    const names = schema.inputs.map((input) => input.name);
    this.chooser = el("input", { type: "file", id, class: "unseen", accept: Object.keys(TYPES).map((ending) => `.${ending}`).join(","), onchange: () => this.chooser.files[0] && this.take(this.chooser.files[0]) });
    this.keep = el("input", { type: "checkbox", checked: true });
    this.result = el("div", { class: "result", hidden: true, "aria-live": "polite" });
    this.zone = el("label", { class: "zone table", for: id }, sign("table"), el("span", {}, words.say("table.drop")));
    const field = el("div", { class: "field file" }, this.chooser, this.zone);
    const over = (on) => (event) => { event.preventDefault(); field.classList.toggle("over", on); };
    field.addEventListener("dragover", over(true));
    field.addEventListener("dragleave", over(false));
    field.addEventListener("drop", (event) => { over(false)(event); if (event.dataTransfer.files[0]) this.take(event.dataTransfer.files[0]); });
    fill(node,
      el("h2", { id: "table-heading" }, words.say("table.title")),
      el("div", { class: "card" },
        el("p", { class: "about" }, words.say("table.about", { columns: words.list(names.slice(0, NAMED)) + (names.length > NAMED ? " …" : "") })),
        field,
        el("div", { class: "tools" },
          el("label", { class: "tick" }, this.keep, words.say("table.keep")),
          el("button", { type: "button", class: "small", onclick: () => this.template() }, words.say("table.template"))),
        this.result));
  }

  /** Save a CSV with the run's columns and the example rows, as far as a text can hold their cells. */
  template() {
    const names = this.schema.inputs.map((input) => input.name);
    const cell = (value) => {
      const text = value === null || value === undefined ? "" : typeof value === "object" ? (value.base64 ?? JSON.stringify(value)) : String(value);
      return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
    };
    const rows = [names, ...this.examples.map(({ row }) => names.map((name) => row[name]))];
    download(new Blob([`${rows.map((row) => row.map(cell).join(",")).join("\n")}\n`], { type: "text/csv" }), "rows.csv");
  }

  async take(file) {
    const { words, chooser } = this;
    this.problem(null);
    const ending = file.name.toLowerCase().split(".").pop();
    chooser.value = "";
    if (!(ending in TYPES)) {
      this.problem(new Refused(415, { code: "unsupported_media_type", message: words.say("table.unknown", { name: file.name }) }));
      return;
    }
    fill(this.result, el("p", { class: "about" }, words.say("table.wait", { name: file.name })));
    this.node.setAttribute("aria-busy", "true");
    try {
      const response = await this.api.fetch(`predict/table${await this.kept(file, ending)}`, { method: "POST", body: file, type: TYPES[ending] });
      const blob = await response.blob();
      await this.show(file, ending, blob, response.headers);
    } catch (error) {
      fill(this.result);
      this.problem(error);
    } finally {
      this.node.removeAttribute("aria-busy");
    }
  }

  /** Return the query that keeps the columns of a text file; other files keep none, since the page does not read them. */
  async kept(file, ending) {
    if (!this.keep.checked || !["csv", "tsv"].includes(ending)) return "";
    const [names] = rowsOf((await file.slice(0, 1 << 20).text()).replace(/^\uFEFF/, ""), ending === "tsv" ? "\t" : null, 1);
    const targets = new Set(this.schema.tasks.map((task) => task.name));
    const query = new URLSearchParams();
    for (const name of names ?? []) if (name && !targets.has(name)) query.append("keep", name);
    return `?${query}`;
  }

  async show(file, ending, blob, headers) {
    const { words } = this;
    const name = file.name.replace(/(\.[^.]+)$/, "-answers$1");
    const count = Number(headers.get("X-Torso-Rows") ?? NaN);
    const notes = JSON.parse(headers.get("X-Torso-Notes") ?? "[]");
    let shown = null;
    if (["csv", "tsv"].includes(ending)) {
      const [names, ...rows] = rowsOf(await blob.slice(0, 1 << 20).text(), ending === "tsv" ? "\t" : ",", SHOWN + 1);
      shown = this.rows(names, rows);
    }
    const rows = Number.isFinite(count) ? el("p", { class: "done" }, words.say("table.done", { count, rows: words.whole.format(count) })) : null;
    const save = el("button", { type: "button", class: "primary", onclick: () => download(blob, name) }, words.say("table.save", { name }));
    fill(this.result, el("div", { class: "outcome" }, rows, save),
      notes.length ? el("ul", { class: "plain" }, notes.map((note) => el("li", { lang: "en" }, note))) : null, shown);
  }

  rows(names, rows) {
    const { words, schema } = this;
    const tasks = new Set(schema.tasks.map((task) => task.name));
    const number = (text) => (text !== "" && Number.isFinite(Number(text)) ? words.number(Number(text)) : text.length > 60 ? `${text.slice(0, 60)} …` : text);
    const title = words.say("table.first", { count: rows.length, shown: rows.length });
    return [
      el("h3", {}, title),
      el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": title },
        el("table", {},
          el("thead", {}, el("tr", {}, names.map((name) => el("th", { scope: "col", class: tasks.has(name) ? "answer" : null }, name)))),
          el("tbody", {}, rows.map((row) => el("tr", {}, row.map((cell, at) =>
            el("td", { class: [Number.isFinite(Number(cell)) && cell !== "" ? "number" : "", tasks.has(names[at]) ? "answer" : ""].join(" ").trim() || null }, number(cell)))))))),
    ];
  }
}

/** Return up to `most` rows of a CSV; the delimiter is that which its first line has most of, where none is given. */
export function rowsOf(text, delimiter, most) {
  const line = text.split(/\r?\n/, 1)[0];
  const sign = delimiter ?? [",", ";", "\t", "|"].reduce((best, next) => (line.split(next).length > line.split(best).length ? next : best));
  const rows = [[]];
  let cell = "";
  let quoted = false;
  for (let at = 0; at < text.length && rows.length <= most; at += 1) {
    const next = text[at];
    if (quoted) {
      if (next !== '"') cell += next;
      else if (text[at + 1] === '"') { cell += '"'; at += 1; } else quoted = false;
    } else if (next === '"') quoted = true;
    else if (next === sign || next === "\n") {
      rows.at(-1).push(cell.replace(/\r$/, ""));
      cell = "";
      if (next === "\n") rows.push([]);
    } else cell += next;
  }
  if (cell !== "" || rows.at(-1).length) rows.at(-1).push(cell.replace(/\r$/, ""));
  return rows.filter((row) => row.length && !(row.length === 1 && row[0] === "")).slice(0, most);
}
