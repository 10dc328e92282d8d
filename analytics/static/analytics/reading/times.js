// Dates and times of day, counted in buckets that show their shape.
import { Refusal, ask } from "../api.js";
import { daysBetween } from "../spans.js";
import { HIDES, isClosed } from "./hiding.js";
import { answered, narrowed } from "./narrowing.js";

const MOST = 10_000;
const MOST_MONTHS = 120;
const MOST_DAYS = 100;

/** Buckets as [{value, count}], from the first to the last without a gap: years, months or days, as many as can be told apart. */
export async function datesOf(state, fields, field, found, options) {
  const by = (granularity) => counts(state, fields, field, { field: field.name, granularity }, options);
  const months = wholeMonths(field, found) ?? (await by("month"));
  if (!months?.length) return [];
  const [first, last] = [months[0].value, months.at(-1).value];
  if (daysBetween(`${first}-01`, `${last}-28`) <= MOST_DAYS) return filled((await by("day")) ?? [], 10);
  if (every(first, last).length <= MOST_MONTHS) return filled(months, 7);
  return HIDES ? [] : filled((await by("year")) ?? [], 4); // such forms refuse to count by so many days
}

/** Of days the live numbers know the months, if there are not too many; of moments only those of UTC. */
const wholeMonths = (field, { values, other }) => (field.kind === "date" && values?.length && other === 0
  ? values.map(({ value, count }) => ({ value, count })).sort((one, two) => one.value.localeCompare(two.value))
  : null);

/** Times of day as [{value, count}]; null where there are too many different ones to ask for. */
export async function timesOf(state, fields, field, found, options) {
  try {
    const times = (await counts(state, fields, field, { field: field.name }, options)) ?? [];
    return times.length < MOST ? times : null;
  } catch (error) {
    if (HIDES && error instanceof Refusal && error.status === 400) return null;
    throw error;
  }
}

/** Where small groups are hidden a query is about two fields at most, and that somebody answers counts as one. */
async function counts(state, fields, field, group, options) {
  const also = HIDES && state.where.length ? [] : [answered(field)];
  const answer = await ask(narrowed(state, fields, { measures: ["count"], group_by: [group], limit: MOST }, also), options);
  if (isClosed(answer)) return null;
  const { name } = answer.columns[0];
  return answer.data.filter((row) => row[name] !== null).map((row) => ({ value: row[name], count: row.count }));
}

/** Empty buckets, too; `length` is that of a bucket's name: 1945, 1945-03 or 1945-03-31. */
function filled(buckets, length) {
  if (!buckets.length) return [];
  const found = new Map(buckets.map((each) => [each.value, each.count]));
  const all = every(buckets[0].value, buckets.at(-1).value, length);
  return all.map((value) => ({ value, count: found.has(value) ? found.get(value) : 0 })); // null is hidden
}

/** Names of buckets from one to another. */
function every(first, last, length = first.length) {
  const all = [];
  const step = { 4: "FullYear", 7: "Month", 10: "Date" }[length];
  const at = new Date(`${(first + "-01-01").slice(0, 10)}T00:00:00Z`);
  for (let name = first; name <= last && all.length < MOST; name = at.toISOString().slice(0, length)) {
    all.push(name);
    at[`setUTC${step}`](at[`getUTC${step}`]() + 1);
  }
  return all;
}
