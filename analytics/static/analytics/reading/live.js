// A field as the live numbers have it.
import { ask, read } from "../api.js";
import { answered, narrowed } from "./narrowing.js";
import { edgesOf, fromRows, intoBins } from "./binning.js";

export async function distribution(field, options) {
  const found = await read(`fields/${encodeURIComponent(field.id)}/distribution/`, {}, options);
  return { ...found, values: found.values.map(({ interval: ci, ...each }) => ({ ...each, ci })) };
}

/** Intervals of a number field: of values counted one by one where each has a count of its own. */
export async function binsOf(state, fields, field, found, options) {
  const { minimum, maximum } = found.numbers || {};
  if (minimum === null || minimum === undefined || minimum === maximum) return [];
  const edges = edgesOf(found.numbers, { whole: field.type === "integer" });
  if (found.values?.length && !found.other) return intoBins(found.values, edges);
  const group = { field: field.name, bins: edges.filter(Number.isFinite) };
  const query = narrowed(state, fields, { measures: ["count"], group_by: [group] }, [answered(field)]);
  const answer = await ask(query, options);
  return fromRows(answer.data, answer.columns[0].name, edges);
}
