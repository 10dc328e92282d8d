// Numbers: a histogram with quantiles, and the figures.
import { columns } from "../charts/columns.js";
import { figures } from "../charts/figures.js";
import { part, sumOf } from "../sums.js";
import { counted, figure, share } from "../words.js";

const known = (value) => value !== null && value !== undefined;
const isOne = (field, bins) => field.type === "integer" && bins[0].to - bins[0].from === 1;
const inWords = (field, bins) => ({ from, to }) => (isOne(field, bins) ? figure(from) : `${figure(from)} to below ${figure(to)}`);

export function numbers(field, { numbers: found, description, bins }, table) {
  if (!found) return [];
  const mean = description?.mean;
  const list = figures([
    ["Mean", figure(found.mean), mean && known(mean.low) ? `${figure(mean.low)} to ${figure(mean.high)}` : ""],
    ["Median", figure(found.median)], ["Standard deviation", figure(found.standard_deviation)],
    ["90% are up to", figure(found.p90)], ["95% are up to", figure(found.p95)],
    ...(known(found.minimum) ? [["Range", `${figure(found.minimum)} to ${figure(found.maximum)}`]] : []),
  ]);
  return bins.length ? [histogram(field, found, bins), list, behind(field, bins, table)] : [list];
}

function histogram(field, { median, p90 }, bins) {
  const [low, high] = [bins[0].from, bins.at(-1).to];
  const one = isOne(field, bins);
  const shift = one ? 0.5 : 0; // a column of one number stands around it
  const marks = [["median", median], ["90%", p90]].filter(([, value]) => known(value)).map(([label, value]) => ({ at: (value - low + shift) / (high - low), label }));
  const items = bins.map((each) => ({ short: figure(each.from), label: inWords(field, bins)(each), count: each.count }));
  const label = `${field.label}: histogram from ${figure(low)} to ${figure(high)}; half of the answers are up to ${figure(median)}.`;
  return columns(items, { label, height: 190, marks, edge: one ? null : figure(high) });
}

function behind(field, bins, table) {
  const base = sumOf(bins);
  table.set([isOne(field, bins) ? "Number" : "Interval", "Count", "Share"], bins.map((each) => [inWords(field, bins)(each), counted(each.count), share(part(each.count, base))]));
  return table.element;
}
