// What sessions say of the way through the form: of the chosen days, whatever the filters.
import { Refusal, read } from "../api.js";
import { span } from "../spans.js";

/** null where there are no live numbers. */
export async function readFunnel(state, options = {}) {
  try {
    return await read("funnel/", { timezone: state.zone, ...span(state) }, options);
  } catch (error) {
    if (error instanceof Refusal && error.status === 503) return null;
    throw error;
  }
}
