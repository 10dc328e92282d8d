// A table whose cells are shaded by share: a matrix of answers, places of a ranking.
import { h, said } from "../elements.js";
import { HIDDEN, count, share } from "../words.js";

const SHADES = 10;
const MOST_WIDE = 6;
/** With many columns the counts stand below the shares. */
export const gridClass = (columns) => `grid${columns > MOST_WIDE ? " dense" : ""}`;

export const shade = (part) => `heat-${Math.round(Math.max(0, Math.min(1, part || 0)) * SHADES)}`;

/**
 * `rows` are {label, cells: [{count, share}], after: [text]}; `after` names further columns of
 * figures behind the cells.
 */
export function grid({ caption, corner, columns, rows, after = [] }) {
  return h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": caption },
    h("table", { class: gridClass(columns.length + after.length) },
      h("caption", { class: "unseen" }, caption),
      h("thead", {}, h("tr", {},
        h("th", { scope: "col" }, corner),
        columns.map((label) => h("th", { scope: "col", class: "number" }, said(label))),
        after.map((label) => h("th", { scope: "col", class: "number" }, label)))),
      h("tbody", {}, rows.map((row) => h("tr", {},
        h("th", { scope: "row" }, said(row.label)),
        row.cells.map(cell),
        row.after?.map((text) => h("td", { class: "number" }, text)))))));
}

function cell(each) {
  if (each.count === null) return h("td", { class: "number" }, HIDDEN);
  return h("td", { class: `number ${shade(each.share)}` },
    share(each.share), " ",
    h("span", { class: "count" }, count(each.count)));
}
