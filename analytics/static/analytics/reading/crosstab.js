// Two fields against each other.
import { ask } from "../api.js";
import { HIDES } from "./hiding.js";
import { narrowed } from "./narrowing.js";

const TOP = 12;
const BINS = 6;
const STEPPED = ["rating", "scale", "nps"];

/** Where small groups are hidden, neither bins by number nor the most frequent may be asked for. */
export const canCross = (field) => field.groupable && field.id !== null && field.kind !== "time"
  && !(HIDES && (field.kind === "text" || (field.kind === "number" && !STEPPED.includes(field.type))));

/** Few enough rows to read: numbers in intervals, days in months, the most frequent texts. */
function group(field) {
  if (field.kind === "number" && !STEPPED.includes(field.type)) return { field: field.name, bins: { count: BINS } };
  if (field.kind === "date" || field.kind === "moment") return { field: field.name, granularity: "month" };
  if (field.kind === "text") return { field: field.name, top: TOP, other: true };
  return { field: field.name };
}

export async function readCrosstab(state, fields, rows, columns, options = {}) {
  const groups = [{ ...group(rows), as: "down" }, { ...group(columns), as: "across" }];
  const several = [rows, columns].some((field) => field.kind === "options");
  const query = {
    measures: ["count"], group_by: groups, shape: "crosstab", limit: 10_000,
    ...(several ? { test: "none" } : {}),
  };
  const both = [rows, columns].map((field) => ({ [`data.${field.name}`]: { $exists: true } }));
  const answer = await ask(narrowed(state, fields, query, both), options);
  if (!answer.crosstab) return { closed: true, total: null, suppressed: true, several, meta: answer.meta };
  const table = inOrder(inOrder(answer.crosstab, "rows", rows), "columns", columns);
  return { ...table, several, meta: answer.meta };
}

/** Steps of a scale by their size, yes before no; other groups are in order already. */
function inOrder(table, side, field) {
  if (!STEPPED.includes(field.type) && field.kind !== "boolean") return table;
  const places = [...table[side].keys()].sort((one, other) => Number(table[side][one]) - Number(table[side][other]));
  if (field.kind === "boolean") places.reverse();
  const arranged = (values) => places.map((n) => values[n]);
  const totals = side === "rows" ? "row_totals" : "column_totals";
  return {
    ...table,
    [side]: arranged(table[side]),
    [totals]: arranged(table[totals]),
    counts: side === "rows" ? arranged(table.counts) : table.counts.map(arranged),
  };
}
