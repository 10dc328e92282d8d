// From what is chosen on the page to the words of the query language.
import { span } from "../spans.js";

export const isNarrowed = (state) => state.where.length > 0 || span(state) !== null;

/** Names of answers and of facts about responses (which have no id) are kept apart by a prefix. */
const nameOf = (field) => (field.id === null ? field.name : `data.${field.name}`);

/** A query about the chosen responses; `also` are further conditions. */
export function narrowed(state, fields, query, also = []) {
  const chosen = state.where.map(([name, operator, operand]) => {
    const field = fields.find((each) => each.name === name);
    return { [field ? nameOf(field) : name]: { [operator]: operand } };
  });
  const all = [...chosen, ...also];
  const days = span(state);
  return {
    timezone: state.zone,
    ...(all.length ? { filter: { $and: all } } : {}),
    ...(days ? { date_range: [days.from, days.to] } : {}),
    ...query,
  };
}

export const answered = (field) => ({ [nameOf(field)]: { $exists: true } });
