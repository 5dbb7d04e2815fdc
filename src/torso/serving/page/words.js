// Fixed words of the page: a table per language, with the same keys. Kinds and metrics are called as in `torso report`.
import { EN } from "./words_en.js";
import { ZH } from "./words_zh.js";

const TABLES = { en: EN, zh: ZH };

export class Words {
  constructor(language) {
    this.language = language in TABLES ? language : "en";
    this.table = TABLES[this.language];
    this.numbers = new Intl.NumberFormat(this.language, { maximumSignificantDigits: 4 });
    this.whole = new Intl.NumberFormat(this.language);
  }

  /** Return a phrase with its values filled in; the singular where `count` is 1. */
  say(key, values = {}) {
    const phrase = (Number(values.count) === 1 && this.table[`${key}.1`]) || this.table[key];
    if (phrase === undefined) throw new Error(`no word for ${key}`);
    return phrase.replace(/\{(\w+)\}/g, (_, name) => String(values[name]));
  }

  /** Return a phrase, or the other where there is none. */
  known(key, otherwise) {
    return this.table[key] ?? otherwise;
  }

  kind(name) {
    return this.known(`kind.${name}`, name);
  }

  metric(name) {
    return this.known(`metric.${name}`, name.replaceAll("_", " "));
  }

  /** Return names as a list in words. */
  list(names) {
    return names.join(this.say("list.comma"));
  }

  /** Return about four digits that matter. */
  number(value) {
    if (value === null || value === undefined || !Number.isFinite(value)) return "–";
    const size = Math.abs(value);
    if (size >= 1e9 || (size > 0 && size < 1e-4)) return value.toExponential(2).replace("-", "−");
    return (size >= 1000 ? this.whole.format(Math.round(value)) : this.numbers.format(value)).replace("-", "−");
  }

  /** Return a metric's value as the report writes it: about three digits that matter. */
  figure(value) {
    if (value === null || value === undefined || !Number.isFinite(value)) return "–";
    const size = Math.abs(value);
    if (size >= 1000) return this.number(value);
    if (size > 0 && size < 1e-3) return Number(value.toPrecision(2)).toString().replaceAll("-", "−");
    return value.toFixed(size >= 10 ? 2 : 3).replace("-", "−");
  }

  /** Return a share of one in percent; never 0 % or 100 % where it is not. */
  percent(value) {
    if (!Number.isFinite(value)) return "–";
    const hundred = value * 100;
    if (hundred > 99.9 && hundred < 100) return ">\u00a099.9\u00a0%";
    if (hundred < 0.1 && hundred > 0) return "<\u00a00.1\u00a0%";
    return `${hundred.toFixed(hundred < 10 || hundred > 90 ? 1 : 0)}\u00a0%`;
  }

  wholePercent(value) {
    return `${Math.round(value * 100)}\u00a0%`;
  }

  /** Return a number with its sign. */
  signed(value, decimals) {
    return `${value < 0 ? "−" : "+"}${Math.abs(value).toLocaleString(this.language, { minimumFractionDigits: decimals, maximumFractionDigits: decimals })}`;
  }
}

/** Put words into all elements that ask for some. */
export function translate(words, root = document) {
  for (const node of root.querySelectorAll("[data-say]")) node.textContent = words.say(node.dataset.say);
}
