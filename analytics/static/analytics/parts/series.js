// Responses over time.
import { behind } from "../charts/behind.js";
import { columns } from "../charts/columns.js";
import { h, show } from "../elements.js";
import { bucket, count, counted, plural } from "../words.js";

const place = document.getElementById("series");
const table = behind("Responses over time");

export function showSeries({ granularity, buckets, total }) {
  if (!buckets.some(({ count: some }) => some !== 0)) {
    show(place, h("p", { class: "empty" }, total === null ? "Hidden: too few responses were chosen." : "No responses yet in this period. They appear here as they come in."));
    return;
  }
  const most = buckets.reduce((best, each) => ((each.count ?? 0) > (best.count ?? 0) ? each : best));
  const all = total === null ? "responses" : plural(total, "response");
  const label = `${all} by ${granularity}, from ${bucket(buckets[0].timestamp, granularity)} to ${bucket(buckets.at(-1).timestamp, granularity)}; the most, ${count(most.count)}, on ${bucket(most.timestamp, granularity)}.`;
  const items = buckets.map((each) => ({
    short: bucket(each.timestamp, granularity, { short: true }),
    label: bucket(each.timestamp, granularity),
    count: each.count,
  }));
  table.set([granularity[0].toUpperCase() + granularity.slice(1), "Responses"], items.map((each) => [each.label, counted(each.count)]));
  const hidden = items.some((each) => each.count === null) && `Grey: ${granularity}s with few responses, which are hidden.`;
  const remark = [`By ${granularity}${total === null ? "" : `; ${all} in all`}.`, hidden].filter(Boolean).join(" ");
  show(place, columns(items, { label, height: 240 }), h("p", { class: "quiet under" }, remark), table.element);
}
