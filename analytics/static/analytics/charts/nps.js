// The Net Promoter Score: three groups of recommenders and what is left when they are set off.
import { h, s } from "../elements.js";
import { part, sumOf } from "../sums.js";
import { counted, share, signed } from "../words.js";

const GROUPS = [
  { name: "Detractors", span: "0 to 6", kind: "low", holds: (value) => value <= 6 },
  { name: "Passives", span: "7 and 8", kind: "middle", holds: (value) => value > 6 && value < 9 },
  { name: "Promoters", span: "9 and 10", kind: "high", holds: (value) => value >= 9 },
];

export const kindOf = (value) => GROUPS.find((group) => group.holds(Number(value))).kind;

/** Counts of the three groups, and the score from -100 to 100; null without answers, or with hidden ones. */
export function npsOf(values) {
  const groups = GROUPS.map((group) => ({
    ...group,
    count: sumOf(values.filter((each) => group.holds(Number(each.value)))),
  }));
  const total = sumOf(groups);
  const [low, , high] = groups;
  const score = total ? (100 * (high.count - low.count)) / total : null;
  return { score, total, groups: groups.map((group) => ({ ...group, share: part(group.count, total) })) };
}

export function nps({ score, groups, ci = null }) {
  return h("div", { class: "nps" },
    h("p", { class: "score" }, h("strong", {}, signed(score)), h("span", {}, " Net Promoter Score"),
      ci && h("span", { class: "quiet" }, ` ${signed(ci[0])} to ${signed(ci[1])}`)),
    gauge(score, ci),
    split(groups),
    h("dl", { class: "legend" }, groups.map((group) => h("div", { class: `key ${group.kind}` },
      h("dt", {}, group.name, " ", h("span", { class: "quiet" }, group.span)),
      h("dd", {}, `${share(group.share)} `, h("span", { class: "quiet" }, counted(group.count)))))));
}

/** Where the score lies between -100 and 100. */
function gauge(score, ci) {
  const at = (value) => `${((value ?? 0) + 100) / 2}%`;
  return s("svg", { class: "gauge", "aria-hidden": "true" },
    s("rect", { class: "track", y: 7, width: "100%", height: 4, rx: 2 }),
    s("line", { class: "zero", x1: "50%", x2: "50%", y1: 3, y2: 15 }),
    ci && s("line", { class: "reach", x1: at(ci[0]), x2: at(ci[1]), y1: 9, y2: 9 }),
    score === null ? null : s("circle", { class: "needle", cx: at(score), cy: 9, r: 6 }),
    s("text", { class: "tick", x: 0, y: 30 }, "−100"),
    s("text", { class: "tick", x: "50%", y: 30, "text-anchor": "middle" }, "0"),
    s("text", { class: "tick", x: "100%", y: 30, "text-anchor": "end" }, "+100"));
}

function split(groups) {
  let from = 0;
  const parts = groups.map((group) => {
    const start = from;
    from += group.share ?? 0;
    return s("rect", { class: group.kind, x: `${start * 100}%`, width: `${(group.share ?? 0) * 100}%`, height: "100%" });
  });
  return s("svg", { class: "split", "aria-hidden": "true" }, parts);
}
