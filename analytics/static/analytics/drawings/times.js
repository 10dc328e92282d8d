// Dates by month, times of day by hour.
import { columns } from "../charts/columns.js";
import { sumOf } from "../sums.js";
import { bucket, counted, dated } from "../words.js";

const MOST_MONTHS = 600;

export function dates(field, { values }, table) {
  const found = new Map(values.map((each) => [each.value, each.count]));
  const months = [...found.keys()].filter((value) => /^\d{4}-\d\d$/.test(value)).sort();
  if (!months.length) return [];
  const all = monthsBetween(months[0], months.at(-1));
  const items = all.map((month) => ({
    short: bucket(`${month}-01T00:00:00`, "month", { short: true }), label: dated(month), count: found.has(month) ? found.get(month) : 0,
  }));
  return drawn(items, "Month", `${field.label}: answers by month, from ${dated(all[0])} to ${dated(all.at(-1))}.`, table);
}

function monthsBetween(first, last) {
  const all = [];
  for (let [year, month] = first.split("-").map(Number); all.length < MOST_MONTHS; ) {
    all.push(`${String(year).padStart(4, "0")}-${String(month).padStart(2, "0")}`);
    if (all.at(-1) >= last) break;
    [year, month] = month === 12 ? [year + 1, 1] : [year, month + 1];
  }
  return all;
}

export function times(field, { values }, table) {
  if (!values.length) return [];
  const hours = Array.from({ length: 24 }, () => 0);
  values.forEach((each) => {
    const hour = Number(each.value.slice(0, 2));
    hours[hour] = sumOf([{ count: hours[hour] }, each]);
  });
  const items = hours.map((count, hour) => ({ short: `${String(hour).padStart(2, "0")}:00`, label: `from ${hour}:00`, count }));
  return drawn(items, "From", `${field.label}: answers by hour of the day.`, table);
}

function drawn(items, head, label, table) {
  table.set([head, "Count"], items.map((each) => [each.label, counted(each.count)]));
  return [columns(items, { label, height: 190 }), table.element];
}
