// Edges a person would choose, and counting into them.
import { sumOf } from "../sums.js";

const STEPS = [1, 2, 2.5, 5, 10];
const ABOUT = 12;

/** Edges at round numbers around two extremes, about a dozen intervals apart. */
export function roundEdges(low, high, { whole = false } = {}) {
  if (high === low) return [low, low + 1];
  const width = (high - low) / ABOUT;
  const power = 10 ** Math.floor(Math.log10(width));
  let step = STEPS.map((each) => each * power).find((each) => each >= width * 0.999);
  if (whole) step = Math.max(1, Math.ceil(step));
  const digits = Math.max(0, 2 - Math.floor(Math.log10(step)));
  const first = Math.floor(low / step);
  const last = Math.max(Math.floor(high / step), first) + 1;
  return Array.from({ length: last - first + 1 }, (_, n) => Number(((first + n) * step).toFixed(Math.min(digits, 100))));
}

const MOST_TAIL = 2.5;

/**
 * Edges of a histogram. Where a few numbers lie far above the others they share the last interval, which
 * has no end: they would press all the others into the first.
 */
export function edgesOf({ minimum, maximum, p95 }, { whole = false } = {}) {
  const isLong = p95 > minimum && maximum - minimum > MOST_TAIL * (p95 - minimum);
  const edges = roundEdges(minimum, isLong ? p95 : maximum, { whole });
  return isLong && edges.at(-1) < maximum ? [...edges, Infinity] : edges;
}

/** Counts of values as intervals [from, to). */
export function intoBins(values, edges) {
  const bins = edges.slice(1).map((to, n) => ({ from: edges[n], to, count: 0 }));
  for (const { value, count } of values) {
    const place = edges.findLastIndex((edge) => edge <= Number(value));
    const bin = bins[Math.min(Math.max(place, 0), bins.length - 1)];
    bin.count = sumOf([bin, { count }]);
  }
  return bins;
}

/** Rows of a query grouped by bins with these edges, empty ones too. */
export function fromRows(rows, column, edges) {
  const found = new Map(rows.map((row) => [Number(String(row[column]).replace("≥", "").split("..")[0]), row.count]));
  return edges.slice(1).map((to, n) => ({ from: edges[n], to, count: found.has(edges[n]) ? found.get(edges[n]) : 0 })); // null is hidden
}
