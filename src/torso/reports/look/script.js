"use strict";
(() => {
  const root = document.documentElement;
  const [copied, dark, light] = root.dataset.words.split("|");
  const all = (selector, inside = document) => [...inside.querySelectorAll(selector)];

  // Light and dark: the system's choice until somebody chooses.
  const theme = document.getElementById("theme");
  const system = matchMedia("(prefers-color-scheme: dark)");
  const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : system.matches);
  const tellTheme = () => {
    theme.textContent = isDark() ? light : dark;
    theme.setAttribute("aria-pressed", String(isDark()));
  };
  theme.hidden = false;
  theme.addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    tellTheme();
  });
  system.addEventListener("change", tellTheme);
  tellTheme();

  // Values: by pointer over a mark, by arrow keys on a chart.
  const tip = document.getElementById("tip");
  let marked = null;
  const show = (mark) => {
    if (marked) marked.classList.remove("on");
    marked = mark;
    tip.hidden = !mark;
    if (!mark) return;
    mark.classList.add("on");
    tip.textContent = mark.dataset.tip;
    const box = mark.getBoundingClientRect();
    const wide = tip.offsetWidth, high = tip.offsetHeight;
    const left = Math.min(innerWidth - wide - 8, Math.max(8, box.left + box.width / 2 - wide / 2));
    const above = box.top - high - 8;
    tip.style.left = `${left}px`;
    tip.style.top = `${above > 4 ? above : Math.min(innerHeight - high - 4, box.bottom + 8)}px`;
  };
  document.addEventListener("pointerover", (event) => {
    const mark = event.target.closest?.("[data-tip]");
    if (mark !== marked) show(mark ?? null);
  });
  document.addEventListener("scroll", () => show(marked), { passive: true, capture: true });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") show(null);
    const chart = event.target.closest?.('[role="img"]');
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!chart || !step) return;
    const marks = all("[data-tip]", chart);
    if (!marks.length) return;
    event.preventDefault();
    const now = marks.indexOf(marked);
    show(marks[now < 0 ? (step > 0 ? 0 : marks.length - 1) : (now + step + marks.length) % marks.length]);
  });
  document.addEventListener("focusout", () => show(null));

  // Tables that can be sorted.
  for (const table of all("table.sortable")) {
    const heads = all("thead th", table);
    heads.forEach((head, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => {
        const down = head.getAttribute("aria-sort") === "ascending";
        heads.forEach((other) => other.removeAttribute("aria-sort"));
        head.setAttribute("aria-sort", down ? "descending" : "ascending");
        const key = (row) => {
          const cell = row.cells[column];
          return cell.classList.contains("number") ? Number(cell.dataset.v ?? NaN) : cell.textContent;
        };
        const order = (one, other) => {
          const [left, right] = [key(one), key(other)];
          if (typeof left === "string") return left.localeCompare(right) * (down ? -1 : 1);
          if (Number.isNaN(left) || Number.isNaN(right)) return Number.isNaN(left) - Number.isNaN(right);
          return (left - right) * (down ? -1 : 1);
        };
        const body = table.tBodies[0];
        body.append(...[...body.rows].sort(order));
      });
    });
  }

  // One task of many.
  const pick = document.getElementById("pick");
  pick?.addEventListener("change", () => {
    for (const part of all("[data-task]")) part.hidden = pick.value !== "" && part.dataset.task !== pick.value;
  });

  // The data behind a chart.
  const cell = (value) => {
    const text = value === null ? "" : String(value);
    return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  const written = {
    csv: ({ columns, rows }) => [columns, ...rows].map((row) => row.map(cell).join(",")).join("\n") + "\n",
    json: ({ columns, rows }) =>
      JSON.stringify(rows.map((row) => Object.fromEntries(columns.map((name, at) => [name, row[at]]))), null, 1),
  };
  for (const button of all("button.save")) {
    button.addEventListener("click", () => {
      const data = JSON.parse(document.getElementById(button.dataset.of).textContent);
      const kind = button.dataset.kind;
      const blob = new Blob([written[kind](data)], { type: kind === "csv" ? "text/csv" : "application/json" });
      const link = document.createElement("a");
      link.href = URL.createObjectURL(blob);
      link.download = `${data.name}.${kind}`;
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 1000);
    });
  }

  for (const button of all("button.copy")) {
    const name = button.textContent;
    button.addEventListener("click", async () => {
      await navigator.clipboard?.writeText(button.dataset.text);
      button.textContent = copied;
      setTimeout(() => { button.textContent = name; }, 1500);
    });
  }

  // Where the reader is.
  const links = new Map(all("nav a").map((link) => [link.hash.slice(1), link]));
  const seen = new IntersectionObserver(
    (entries) => {
      for (const entry of entries) {
        if (!entry.isIntersecting) continue;
        links.forEach((link) => link.removeAttribute("aria-current"));
        links.get(entry.target.id)?.setAttribute("aria-current", "true");
      }
    },
    { rootMargin: "-70px 0px -75% 0px" },
  );
  all("main > section").forEach((section) => seen.observe(section));
})();
