// What is known of one field: live where everything is counted, asked where it is narrowed.
import { Refusal } from "../api.js";
import { asked, texts } from "./asked.js";
import { binsOf, distribution } from "./live.js";
import { isNarrowed } from "./narrowing.js";
import { datesOf, timesOf } from "./times.js";

const BINS = { number: binsOf, date: datesOf, moment: datesOf, time: timesOf };

export async function readField(state, fields, field, { signal } = {}) {
  const options = { signal };
  const found = await counted(state, fields, field, options);
  const read = field.open && !field.personal && found.answered !== 0 && BINS[field.kind];
  const bins = read ? await read(state, fields, field, found, options) : [];
  return { ...found, ...(await texts(state, fields, field, options)), bins };
}

/** Without Redis there are no live numbers, but the responses can still be counted. */
async function counted(state, fields, field, options) {
  if (isNarrowed(state)) return asked(state, fields, field, options);
  try {
    return await distribution(field, options);
  } catch (error) {
    if (!(error instanceof Refusal) || error.status !== 503) throw error;
    return { ...(await asked(state, fields, field, options)), instead: true };
  }
}
