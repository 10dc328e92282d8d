// Before anything is painted: the colours this reader chose. Light and dark are in css/colours.css.
(() => {
  const KEY = "formplatform.colours";
  const root = document.documentElement;
  let chosen = "auto";
  try { chosen = localStorage.getItem(KEY) || "auto"; } catch { /* no storage: the system's */ }
  root.dataset.colours = chosen;
  document.addEventListener("DOMContentLoaded", () => {
    const select = document.getElementById("theme");
    select.value = chosen;
    select.addEventListener("change", () => {
      root.dataset.colours = select.value;
      try { localStorage.setItem(KEY, select.value); } catch { /* it holds for this page */ }
    });
  });
})();
