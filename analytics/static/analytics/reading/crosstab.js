// Two fields against each other.
import { ask } from "../api.js";
import { narrowed } from "./narrowing.js";

const TOP = 12;
const BINS = 6;

export const canCross = (field) => field.groupable && field.id !== null && field.kind !== "time";

/** Few enough rows to read: numbers in intervals, days in months, the most frequent texts. */
function group(field) {
  if (field.kind === "number" && !["rating", "scale", "nps"].includes(field.type)) return { field: field.name, bins: { count: BINS } };
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
  return { ...answer.crosstab, several, meta: answer.meta };
}
