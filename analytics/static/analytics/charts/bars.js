// Shares of options as bars. The chart is its own table: what is drawn also stands in words.
import { h, s, said } from "../elements.js";
import { counted, interval, share } from "../words.js";

const of = (part) => `${Math.max(0, Math.min(1, part)) * 100}%`;

/** A bar from nought to a share, with the interval of the share as a line across its end. */
export function bar(part, ends, kind = "bar") {
  const whiskers = ends && [
    s("line", { class: "whisker", x1: of(ends[0]), x2: of(ends[1]), y1: "50%", y2: "50%" }),
    ...ends.map((end) => s("line", { class: "whisker", x1: of(end), x2: of(end), y1: "30%", y2: "70%" })),
  ];
  return s("svg", { class: kind, "aria-hidden": "true", focusable: "false" },
    s("rect", { class: "track", width: "100%", height: "100%", rx: 3 }),
    s("rect", { class: "fill", width: of(part || 0), height: "100%", rx: 3 }),
    whiskers);
}

/** `values` are {label, count, share, ci}; a count the form keeps back is null. */
export function bars(values, { caption, first = "Answer" }) {
  const row = (each) => h("tr", { class: each.quiet ? "quiet" : null },
    h("th", { scope: "row" }, said(each.label)),
    h("td", { class: "drawn" }, each.quiet ? null : bar(each.share, each.ci)),
    h("td", { class: "number" }, counted(each.count)),
    h("td", { class: "number" }, share(each.share)),
    h("td", { class: "number ends" }, interval(each.ci)));
  const hasEnds = values.some((each) => each.ci);
  return h("table", { class: `bars${hasEnds ? "" : " endless"}` },
    h("caption", { class: "unseen" }, caption),
    h("thead", {}, h("tr", {},
      h("th", { scope: "col" }, first),
      h("th", { scope: "col" }, h("span", { class: "unseen" }, "Drawn")),
      h("th", { scope: "col", class: "number" }, "Count"),
      h("th", { scope: "col", class: "number" }, "Share"),
      h("th", { scope: "col", class: "number ends" }, "95% interval"))),
    h("tbody", {}, values.map(row)));
}
