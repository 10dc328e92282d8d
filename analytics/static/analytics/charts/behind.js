// The table behind a picture, for whoever can't see it or wants the figures.
import { h } from "../elements.js";

/** A closed disclosure; `set(head, rows)` gives its table new rows and leaves it open or closed. */
export function behind(caption) {
  const table = h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": `${caption}, as a table` });
  const element = h("details", { class: "behind" }, h("summary", {}, "Show as a table", h("span", { class: "unseen" }, `: ${caption}`)), table);
  const set = (head, rows) => table.replaceChildren(h("table", { class: "plain" },
    h("caption", { class: "unseen" }, caption),
    h("thead", {}, h("tr", {}, head.map((each, n) => h("th", { scope: "col", class: n ? "number" : null }, each)))),
    h("tbody", {}, rows.map(([first, ...rest]) => h("tr", {}, h("th", { scope: "row" }, first), rest.map((each) => h("td", { class: "number" }, each)))))));
  return { element, set };
}
