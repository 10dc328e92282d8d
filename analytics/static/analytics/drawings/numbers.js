// Numbers: a histogram with quantiles, and the figures.
import { columns } from "../charts/columns.js";
import { figures } from "../charts/figures.js";
import { h } from "../elements.js";
import { part, sumOf } from "../sums.js";
import { brief, counted, figure, share } from "../words.js";

const known = (value) => value !== null && value !== undefined;
const isOne = (field, bins) => field.type === "integer" && bins[0].to - bins[0].from === 1;
const inWords = (field, bins) => ({ from, to }) => {
  if (to === Infinity) return `${figure(from)} and more`;
  return isOne(field, bins) ? figure(from) : `${figure(from)} to below ${figure(to)}`;
};

export function numbers(field, { numbers: found, description, bins }, table) {
  if (!found) return [];
  const mean = description?.mean;
  const list = figures([
    ["Mean", figure(found.mean), mean && known(mean.low) ? `${figure(mean.low)} to ${figure(mean.high)}` : ""],
    ["Median", figure(found.median)], ["Standard deviation", figure(found.standard_deviation)],
    ["90% are up to", figure(found.p90)], ["95% are up to", figure(found.p95)],
    ...(known(found.minimum) ? [["Range", `${figure(found.minimum)} to ${figure(found.maximum)}`]] : []),
  ]);
  if (!bins.length) return [list];
  const tail = bins.at(-1).to === Infinity && h("p", { class: "quiet under" }, `The last column holds all from ${figure(bins.at(-1).from)} to ${figure(found.maximum)}.`);
  return [histogram(field, found, bins), tail, list, behind(field, bins, table)];
}

function histogram(field, { median, p90, maximum }, bins) {
  const one = isOne(field, bins);
  const marks = [["median", median], ["90%", p90]].filter(([, value]) => known(value)).map(([label, value]) => ({ at: placeOf(value, bins, one), label }));
  const items = bins.map((each) => ({ short: brief(each.from), label: inWords(field, bins)(each), count: each.count, kind: each.to === Infinity ? "tail" : "" }));
  const high = bins.at(-1).to === Infinity ? maximum : bins.at(-1).to;
  const label = `${field.label}: histogram from ${figure(bins[0].from)} to ${figure(high)}; half of the answers are up to ${figure(median)}.`;
  return columns(items, { label, height: 190, marks, edge: one ? null : brief(high) });
}

/** Where a value lies along the columns, from 0 to 1; a column of one number stands around it. */
function placeOf(value, bins, one) {
  const [{ from, to }] = bins;
  const last = bins.at(-1).to === Infinity ? bins.length - 0.5 : bins.length;
  return Math.min((value - from) / (to - from) + (one ? 0.5 : 0), last) / bins.length;
}

function behind(field, bins, table) {
  const base = sumOf(bins);
  table.set([isOne(field, bins) ? "Number" : "Interval", "Count", "Share"], bins.map((each) => [inWords(field, bins)(each), counted(each.count), share(part(each.count, base))]));
  return table.element;
}
