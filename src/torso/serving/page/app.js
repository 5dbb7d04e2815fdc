// The page: asks the server about its run, and then about rows.
import { Api, Refused } from "./api.js";
import { TaskCard } from "./answers.js";
import { el, fill, settled } from "./dom.js";
import { showExamples } from "./examples.js";
import { Form } from "./modalities.js";
import { showPatterns } from "./patterns.js";
import { TableSection } from "./table.js";
import { showWhy } from "./why.js";
import { Words, translate } from "./words.js";

const PAUSE = 350; // milliseconds after the last change before the row is asked about
const MOST_TRIES = 4;

const part = (id) => document.getElementById(id);
const keep = (name, value) => { try { localStorage.setItem(`torso.${name}`, value); } catch { /* private windows keep nothing */ } };

class Page {
  constructor() {
    this.words = new Words(document.documentElement.lang.slice(0, 2));
    this.api = new Api((again) => this.askToken(again), this.words.language);
    this.pause = settled(() => this.answer(), PAUSE);
    this.asked = null; // the request that is under way
    this.explains = false;
    this.answered = false; // whether the cards hold answers
    this.settings();
  }

  // --- language, theme, token

  settings() {
    const root = document.documentElement;
    const system = matchMedia("(prefers-color-scheme: dark)");
    const dark = () => (root.dataset.theme ? root.dataset.theme === "dark" : system.matches);
    const tell = () => {
      part("theme").textContent = this.words.say(dark() ? "page.light" : "page.dark");
      part("theme").setAttribute("aria-pressed", String(dark()));
    };
    part("theme").addEventListener("click", () => {
      root.dataset.theme = dark() ? "light" : "dark";
      keep("theme", root.dataset.theme);
      tell();
    });
    system.addEventListener("change", tell);
    this.tellTheme = tell;
    part("language").addEventListener("change", () => this.speak(part("language").value));
    part("why").addEventListener("click", () => {
      this.explains = !this.explains;
      part("why").setAttribute("aria-pressed", String(this.explains));
      part("about-why").hidden = !this.explains;
      if (this.explains) this.explain();
      else for (const card of this.cards.values()) fill(card.why);
    });
    part("form").addEventListener("submit", (event) => { event.preventDefault(); this.answer(); });
    part("runs").querySelector("select").addEventListener("change", (event) => this.open(event.target.value));
    this.fixed();
  }

  /** Put the fixed words into the page. */
  fixed() {
    document.documentElement.lang = this.words.language === "zh" ? "zh-CN" : "en";
    part("language").value = this.words.language;
    translate(this.words);
    this.tellTheme();
  }

  /** Change the language; the row stays. */
  async speak(language) {
    keep("language", language);
    const kept = this.form ? await this.form.kept() : null;
    const answered = this.answered;
    this.words = new Words(language);
    this.api.language = this.words.language;
    this.fixed();
    if (!this.schema) return;
    this.draw();
    this.form.set(kept.cells, kept.off);
    if (answered) this.answer();
  }

  askToken(again) {
    const dialog = part("token");
    const input = dialog.querySelector("input");
    if (again) fill(dialog.querySelector(".about"), this.words.say("token.wrong"));
    input.value = "";
    dialog.showModal();
    return new Promise((done) => dialog.addEventListener("close", () => done(input.value), { once: true }));
  }

  // --- the run

  async start() {
    fill(part("lead"), this.words.say("page.loading"));
    try {
      const { runs } = await this.api.json("runs", { whole: true });
      const select = part("runs").querySelector("select");
      fill(select, runs.map((run) => el("option", { value: run.base }, run.title ?? run.name)));
      part("runs").hidden = runs.length < 2;
      const wanted = decodeURIComponent(location.hash.slice(1));
      const first = runs.find((run) => run.name === wanted) ?? runs[0];
      select.value = first.base;
      await this.open(runs.length > 1 ? first.base : "");
    } catch (error) {
      this.problem(error);
    }
  }

  async open(base) {
    this.api.base = base;
    this.problem(null);
    try {
      this.schema = await this.api.json("schema");
      this.examples = this.schema.examples ? (await this.api.json("examples")).examples : [];
      if (base) history.replaceState(null, "", `#${encodeURIComponent(this.schema.run.name)}`);
      this.draw();
    } catch (error) {
      this.problem(error);
    }
  }

  /** Build form, cards and table of the run, in the language of the page. */
  draw() {
    const { words, schema } = this;
    const { run } = schema;
    document.title = words.say("page.title", { run: run.name });
    part("run").textContent = run.name;
    fill(part("lead"), words.say("page.lead", { run: run.name, inputs: this.named(Object.keys(schema.modalities)), tasks: this.named(schema.tasks.map((task) => task.name)) }));
    this.form = new Form(part("form"), { schema, words, most: this.most(), changed: () => this.pause() });
    part("form").append(el("div", { class: "actions" },
      el("button", { class: "primary" }, words.say("inputs.answer")),
      el("button", { type: "button", onclick: () => this.clear() }, words.say("inputs.clear"))));
    this.cards = new Map(schema.tasks.map((task) => [task.name, new TaskCard(task, words)]));
    fill(part("tasks"), [...this.cards.values()].map((card) => card.node));
    showExamples(part("examples"), { examples: this.examples, schema, words, choose: (example) => this.take(example.row) });
    this.table = new TableSection(part("table"), { api: this.api, words, schema, examples: this.examples, problem: (error) => this.problem(error) });
    showPatterns(part("patterns"), { schema, words, absent: null });
    part("why").hidden = true;
    fill(part("gaps"), words.say("answers.wait"));
    fill(part("notes"));
    fill(part("footer"), words.say("page.footer", { version: run.torso, run: run.name, id: run.version }), " ",
      words.say("page.api"), ": ", el("a", { href: this.address("schema") }, words.say("page.schema")), words.say("list.comma"), el("a", { href: this.address("openapi.json") }, "OpenAPI"));
    this.answered = false;
  }

  /** Bytes of a file that the server takes; as base64 in a body it grows by a third. */
  most() {
    const { body_bytes: body = Infinity, file_bytes: file = Infinity } = this.schema.limits ?? {};
    return Math.min(body / 1.4, file);
  }

  address(path) {
    const below = this.api.base.replace(/^\//, "");
    return below ? `${below}/${path}` : path;
  }

  named(names) {
    const { words } = this;
    const shown = names.slice(0, 6);
    if (names.length > 6) return `${words.list(shown)} …`;
    const last = shown.pop();
    return shown.length ? words.say("list.and", { most: words.list(shown), last }) : last;
  }

  // --- a row

  take(row) {
    this.form.set(row);
    this.answer();
  }

  clear() {
    this.asked?.abort();
    this.answered = false;
    this.form.set({});
    this.problem(null);
    for (const card of this.cards.values()) card.clear();
    part("why").hidden = true;
    fill(part("gaps"), this.words.say("answers.wait"));
    fill(part("notes"));
    showPatterns(part("patterns"), { schema: this.schema, words: this.words, absent: null });
  }

  /** Ask about the row; a later change takes the place of a request under way. */
  async answer() {
    this.asked?.abort();
    const { signal } = (this.asked = new AbortController());
    part("answers").setAttribute("aria-busy", "true");
    try {
      const row = await this.form.row();
      const told = await this.patiently(() => this.api.post("predict?unreadable=refuse", { row }, signal), signal);
      if (signal.aborted) return;
      this.problem(null);
      this.form.unmark();
      this.show(told, await this.form.held());
      if (this.explains) await this.explain(signal);
    } catch (error) {
      if (error.name !== "AbortError") this.problem(error);
    } finally {
      if (this.asked?.signal === signal) part("answers").removeAttribute("aria-busy");
    }
  }

  /** Ask again where the server is busy, as late as it says. */
  async patiently(ask, signal) {
    for (let tries = 1; ; tries += 1) {
      try {
        return await ask();
      } catch (error) {
        if (error.code !== "busy" || tries === MOST_TRIES) throw error;
        const seconds = Math.max(1, Math.min(30, error.retry));
        fill(part("problem"), this.words.say("problem.busy", { seconds }));
        await new Promise((done) => { setTimeout(done, seconds * 1000); });
        signal.throwIfAborted();
      }
    }
  }

  show({ answers: [answer], notes }, held) {
    const { words, schema } = this;
    this.answered = true;
    for (const [task, card] of this.cards) if (answer.tasks[task]) card.show(answer.tasks[task], answer.certificate, held);
    const all = Object.keys(schema.modalities);
    const key = !answer.missing.length ? "gaps.whole" : answer.missing.length === all.length ? "gaps.nothing" : "gaps.lacks";
    fill(part("gaps"), words.say(key, { names: words.list(answer.missing) }));
    fill(part("notes"), (notes ?? []).map((note) => el("li", { lang: this.tongue(note) }, note)));
    part("why").hidden = !schema.explain;
    showPatterns(part("patterns"), { schema, words, absent: answer.missing });
    part("told").textContent = `${part("gaps").textContent} ${words.say("answers.told", { answers: [...this.cards.values()].map((card) => card.told()).join("; ") })}`;
  }

  async explain(signal = this.asked?.signal) {
    for (const card of this.cards.values()) {
      if (!card.why.childNodes.length) fill(card.why, el("p", { class: "told wait" }, this.words.say("why.wait")));
      else card.why.classList.add("old");
    }
    try {
      const [row, held] = [await this.form.row(), await this.form.held()];
      const told = await this.patiently(() => this.api.post("explain", { row }, signal), signal);
      for (const [task, card] of this.cards) showWhy(card.why, told.tasks[task], told.media, held, this.words);
    } catch (error) {
      if (error.name === "AbortError") return;
      for (const card of this.cards.values()) fill(card.why);
      this.problem(error);
    } finally {
      for (const card of this.cards.values()) card.why.classList.remove("old");
    }
  }

  /** Return the language of a sentence of the server, of which some are English on every page; null for the page's own. */
  tongue(sentence) {
    return this.words.language === "zh" && !/[\u4e00-\u9fff]/.test(sentence) ? "en" : null;
  }

  /** Say what is wrong, at the field where the server names one. */
  problem(error) {
    if (!error) {
      fill(part("problem"));
      return;
    }
    if (!(error instanceof Refused)) throw error;
    const { words } = this;
    const key = { unreachable: "problem.unreachable", internal: "problem.internal", too_slow: "problem.too_slow" }[error.code];
    const message = key ? words.say(key, { request: error.request }) : error.message;
    const content = [message, error.cure && !message.includes(error.cure) ? ` ${error.cure}` : ""];
    if (error.column && this.form?.mark(error.column, content.join(""))) fill(part("problem"));
    else fill(part("problem"), el("p", { lang: this.tongue(message) }, content));
  }
}

new Page().start();
