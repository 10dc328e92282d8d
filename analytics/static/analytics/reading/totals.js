// The totals of the chosen responses.
import { Refusal, ask, read } from "../api.js";
import { span } from "../spans.js";
import { rowOf } from "./hiding.js";
import { isNarrowed, narrowed } from "./narrowing.js";

/** `whole` is what holds for the whole form, whatever was chosen; null without live numbers. */
export async function readTotals(state, fields, options = {}) {
  const [whole, chosen] = await Promise.all([
    read("metrics/", { timezone: state.zone }, options).catch(unlessAway),
    isNarrowed(state) ? count(state, fields, options) : null,
  ]);
  if (chosen) return { whole, ...chosen };
  if (whole) return { whole, responses: whole.total_responses, as_of: whole.as_of };
  return { whole, ...(await count(state, fields, options)) };
}

function unlessAway(error) {
  if (error instanceof Refusal && error.status === 503) return null;
  throw error;
}

async function count(state, fields, options) {
  const compare = span(state) && state.range !== "custom" ? { compare: "previous_period" } : {};
  const answer = await ask(narrowed(state, fields, { measures: ["count"], ...compare }), options);
  const { count: responses, previous } = rowOf(answer, ["count"]);
  return { responses, previous: previous?.count ?? null, as_of: answer.meta.as_of };
}
