// Matrices and rankings: shaded tables.
import { grid } from "../charts/grid.js";
import { h } from "../elements.js";
import { part, sumOf } from "../sums.js";
import { counted, decimal, share } from "../words.js";

/** The cells of one row, with shares of what is in it. */
function cellsOf(found, keys) {
  const absent = { count: found.size ? 0 : null }; // none at all: hidden
  const cells = keys.map((key) => found.get(key) ?? absent);
  const base = sumOf(cells);
  return { base, cells: cells.map(({ count }) => ({ count, share: part(count, base) })) };
}

export function matrix(field, { values, description }) {
  const found = new Map(values.map((each) => [each.value, each]));
  const options = Object.entries(field.options);
  const means = description?.numbered ? new Map(description.rows.map((each) => [each.row, each.mean])) : null;
  const rows = Object.entries(field.rows).map(([row, label]) => {
    const { base, cells } = cellsOf(found, options.map(([option]) => `${row}/${option}`));
    return { label, cells, after: [...(means ? [decimal(means.get(row)?.value)] : []), counted(base)] };
  });
  const after = [...(means ? ["Mean"] : []), "Answers"];
  return [grid({ caption: `${field.label}: shares of each row's answers`, corner: "Row", columns: options.map(([, label]) => label), rows, after })];
}

export function ranking(field, { values, description }) {
  if (!values.length) return [h("p", { class: "quiet" }, "Rankings can't be narrowed: take the filters and days away to see places.")];
  const found = new Map(values.map((each) => [each.value, each]));
  const places = Object.keys(field.options).map((_, n) => n + 1);
  const summaries = new Map(description?.options?.map((each) => [each.option, each]));
  const rows = Object.entries(field.options).map(([option, label]) => {
    const { base, cells } = cellsOf(found, places.map((place) => `${place}/${option}`));
    const mean = summaries.get(option)?.mean_rank.value ?? meanPlace(cells, base);
    return { label, mean, cells, after: [decimal(mean), ...(summaries.size ? [share(summaries.get(option)?.borda)] : [])] };
  }).sort((one, other) => (one.mean ?? Infinity) - (other.mean ?? Infinity));
  const after = ["Mean place", ...(summaries.size ? ["Points"] : [])];
  return [
    grid({ caption: `${field.label}: how often each was put in which place, best first`, corner: "Option", columns: places.map((place) => `Place ${place}`), rows, after }),
    summaries.size > 0 && h("p", { class: "quiet under" }, "Points by Borda: 100% for always first, 0% for always last."),
  ];
}

const meanPlace = (cells, base) => (base ? cells.reduce((sum, { count }, n) => sum + count * (n + 1), 0) / base : null);
