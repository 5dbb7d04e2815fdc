// Before the first paint: the language and the theme that were chosen, or those of the system.
"use strict";
(() => {
  const root = document.documentElement;
  const kept = (name) => { try { return localStorage.getItem(`torso.${name}`); } catch { return null; } };
  const asked = new URLSearchParams(location.search).get("lang");
  const language = asked ?? kept("language") ?? navigator.language ?? "en";
  root.lang = language.toLowerCase().startsWith("zh") ? "zh-CN" : "en";
  const theme = kept("theme");
  if (theme === "dark" || theme === "light") root.dataset.theme = theme;
})();
