// Dates by year, month or day, times of day by hour.
import { columns } from "../charts/columns.js";
import { h } from "../elements.js";
import { sumOf } from "../sums.js";
import { counted, dated } from "../words.js";

const UNITS = { 4: "year", 7: "month", 10: "day" };

export function dates(field, { bins }, table) {
  if (!bins.length) return [];
  const unit = UNITS[bins[0].value.length];
  const items = bins.map(({ value, count }) => ({ short: dated(value, { short: true }), label: dated(value), count }));
  const label = `${field.label}: answers by ${unit}, from ${items[0].label} to ${items.at(-1).label}.`;
  return drawn(items, unit[0].toUpperCase() + unit.slice(1), label, table);
}

export function times(field, { bins }, table) {
  if (bins === null) return [h("p", { class: "quiet" }, "There are too many different times to draw.")];
  if (!bins.length) return [];
  const hours = Array.from({ length: 24 }, () => 0);
  bins.forEach((each) => {
    const hour = Number(each.value.slice(0, 2));
    hours[hour] = sumOf([{ count: hours[hour] }, each]);
  });
  const items = hours.map((count, hour) => ({ short: clock(hour), label: `${clock(hour)} to ${clock(hour + 1)}`, count }));
  return drawn(items, "From", `${field.label}: answers by hour of the day.`, table);
}

const clock = (hour) => `${String(hour).padStart(2, "0")}:00`;

function drawn(items, head, label, table) {
  table.set([head, "Count"], items.map((each) => [each.label, counted(each.count)]));
  return [columns(items, { label, height: 190 }), table.element];
}
