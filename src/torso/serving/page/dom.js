// Elements made by script: texts are texts, so no cell of a row can become markup.

const SVG = new Set(["svg", "path", "rect", "circle", "line", "g", "text"]);

/** Return an element. `on*` are listeners, `class` and `data-*` attributes, true an empty attribute; null and false leave one out. */
export function el(tag, attributes = {}, ...content) {
  const node = SVG.has(tag)
    ? document.createElementNS("http://www.w3.org/2000/svg", tag)
    : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name === "vars") for (const [key, own] of Object.entries(value)) node.style.setProperty(key, own);
    else node.setAttribute(name, value === true ? "" : String(value));
  }
  node.append(...content.flat(Infinity).filter((part) => part !== null && part !== undefined && part !== false));
  return node;
}

/** Put content into an element in place of what it holds. */
export function fill(node, ...content) {
  node.replaceChildren(...content.flat(Infinity).filter((part) => part !== null && part !== undefined && part !== false));
  node.hidden = !node.childNodes.length;
  return node;
}

const SIGNS = {
  image: "M4 5h16v14H4zM4 16l5-5 4 4 3-3 4 4M15.5 9.5h.01",
  audio: "M12 4a2.5 2.5 0 0 1 2.5 2.5v5a2.5 2.5 0 0 1-5 0v-5A2.5 2.5 0 0 1 12 4zM6.5 11.5a5.5 5.5 0 0 0 11 0M12 17v3",
  video: "M4 6h11v12H4zM15 10.5l5-3v9l-5-3",
  table: "M4 5h16v14H4zM4 9.7h16M4 14.3h16M10 5v14",
};

/** Return a small drawing of a sort of file. */
export const sign = (name) =>
  el("svg", { class: "sign", viewBox: "0 0 24 24", "aria-hidden": "true" }, el("path", { d: SIGNS[name] }));

let count = 0;
/** Return an id that no other element has. */
export const freshId = (word) => `${word}-${(count += 1)}`;

/** Return a function that runs `act` once, `wait` milliseconds after the last call. */
export function settled(act, wait) {
  let timer = 0;
  return (...given) => {
    clearTimeout(timer);
    timer = setTimeout(() => act(...given), wait);
  };
}

/** Save content as a file of the person. */
export function download(blob, name) {
  const link = el("a", { href: URL.createObjectURL(blob), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
