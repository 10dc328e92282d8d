// Responses over time: from the live series, or by a query where filters choose among them.
import { Refusal, ask, read } from "../api.js";
import { addDays, granularityOf, span, today } from "../spans.js";
import { sumOf } from "../sums.js";
import { HIDES, isClosed } from "./hiding.js";
import { narrowed } from "./narrowing.js";

const EARLIEST = "2000-01-01";
/** The live numbers no longer have these buckets exactly, or are away: a query has. */
const UNSUITED = [400, 503];

/** {granularity, buckets: [{timestamp, count}]}; no buckets where there is no response at all. */
export async function readSeries(state, fields, options = {}) {
  const series = state.where.length ? bySearch : live;
  const days = span(state) || (await extent(series, state, fields, options));
  if (days === null) return { granularity: "day", buckets: [], total: 0 };
  const found = await readable(series, state, fields, days, options);
  return span(state) ? found : { ...found, buckets: found.buckets.slice(Math.max(found.buckets.findIndex(isFilled), 0)) };
}

const isFilled = (bucket) => bucket.count !== 0;
const COARSER = { hour: "day", day: "week", week: "month", month: "year" };

/** In buckets of a size that shows the shape; where small groups are hidden, of one that shows most of them. */
async function readable(series, state, fields, days, options) {
  let granularity = granularityOf(days);
  let found = await series(state, fields, { granularity, ...days }, options);
  while (HIDES && isMostlyHidden(found.buckets) && COARSER[granularity]) {
    granularity = COARSER[granularity];
    found = await series(state, fields, { granularity, ...days }, options);
  }
  return found;
}

const isMostlyHidden = (buckets) => 2 * buckets.filter((each) => each.count === null).length > buckets.filter(isFilled).length;

/** From the month of the first response to today. */
async function extent(series, state, fields, options) {
  const months = await series(state, fields, { granularity: "month", from: EARLIEST, to: today(state.zone) }, options);
  const first = months.buckets.find(isFilled);
  if (!first) return months.total === null ? { from: today(state.zone), to: today(state.zone) } : null;
  const fine = { granularity: "day", from: first.timestamp.slice(0, 10), to: today(state.zone) };
  if (!["hour", "day"].includes(granularityOf({ from: addDays(fine.from, 30), to: fine.to }))) return { from: fine.from, to: fine.to };
  const days = await series(state, fields, fine, options);
  const start = days.buckets.find(isFilled)?.timestamp.slice(0, 10) ?? fine.from;
  return { from: start, to: fine.to };
}

async function live(state, fields, { granularity, from, to }, options) {
  try {
    const answer = await read("timeseries/", { granularity, from, to, timezone: state.zone }, options);
    if (answer.coarse_before === null) return answer;
  } catch (error) {
    if (!(error instanceof Refusal) || !UNSUITED.includes(error.status)) throw error;
  }
  return bySearch(state, fields, { granularity, from, to }, options);
}

async function bySearch(state, fields, { granularity, from, to }, options) {
  const group = { field: "submitted_at", granularity, as: "bucket" };
  const sparse = from === EARLIEST;
  const query = { measures: ["count"], group_by: [group], date_range: [from, to], limit: 10_000, ...(sparse ? {} : { include: ["empty_buckets"] }) };
  const answer = await ask({ ...narrowed(state, fields, query), date_range: [from, to] }, options);
  if (isClosed(answer)) return { granularity, buckets: [], total: null };
  const buckets = answer.data.map((row) => ({ timestamp: startOf(row.bucket, granularity), count: row.count }));
  return { granularity, buckets, total: sumOf(buckets) };
}

/** `2026-01`, `2026-W02`, `2026-01-09` and `2026-01-09T13:00+0900` as the start of the bucket. */
function startOf(text, granularity) {
  if (granularity === "week") return `${mondayOf(text)}T00:00:00`;
  if (granularity === "hour") return `${text.slice(0, 16)}:00`;
  const padded = { year: `${text}-01-01`, month: `${text}-01`, day: text }[granularity];
  return `${padded}T00:00:00`;
}

function mondayOf(week) {
  const [year, number] = week.split("-W").map(Number);
  const fourth = new Date(Date.UTC(year, 0, 4)); // is always in week 1
  const monday = fourth.getTime() - ((fourth.getUTCDay() + 6) % 7) * 86_400_000;
  return new Date(monday + (number - 1) * 7 * 86_400_000).toISOString().slice(0, 10);
}
