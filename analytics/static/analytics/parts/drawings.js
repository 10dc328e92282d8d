// How each kind of field is drawn: reading → elements, and rows for the table behind a picture.
import { bars } from "../charts/bars.js";
import { columns } from "../charts/columns.js";
import { figures } from "../charts/figures.js";
import { grid } from "../charts/grid.js";
import { kindOf, nps, npsOf } from "../charts/nps.js";
import { h } from "../elements.js";
import { part, sumOf } from "../sums.js";
import { bucket, count, counted, dated, decimal, figure, plural, share } from "../words.js";

function choice(field, reading) {
  const values = [...reading.values];
  if (reading.other) values.push({ label: "(other)", count: reading.other, share: part(reading.other, reading.answered) });
  const several = field.kind === "options";
  return [
    bars(values, { caption: `${field.label}: counts and shares` }),
    several && h("p", { class: "quiet under" }, `Several answers are possible: shares are of the ${plural(reading.answered, "respondent")} who chose any and add up to more than 100%.`),
  ];
}

/** Every step of a rating or scale from its ends, also those nobody chose. */
function steps(field, reading) {
  const found = new Map(reading.values.map((each) => [Number(each.value), each]));
  const low = field.type === "scale" || field.type === "rating" ? Math.min(1, ...found.keys()) : 0;
  const high = Math.max({ nps: 10, rating: 5, scale: 7 }[field.type], ...found.keys());
  return Array.from({ length: high - low + 1 }, (_, n) => found.get(low + n) ?? { value: String(low + n), count: 0, share: 0 });
}

function stepped(field, reading, table) {
  const values = steps(field, reading);
  const items = values.map((each) => ({
    short: each.value, label: `answered ${each.value}`, count: each.count, kind: field.type === "nps" ? kindOf(each.value) : "",
  }));
  table.set(["Answer", "Count", "Share"], values.map((each) => [each.value, counted(each.count), share(each.share)]));
  const mean = reading.numbers?.mean;
  const spread = items.length - 1;
  const first = Number(values[0].value);
  const marks = field.type === "nps" || mean === null || mean === undefined ? [] : [{ at: (mean - first + 0.5) / (spread + 1), label: `mean ${decimal(mean)}` }];
  const label = `${field.label}: how often each answer from ${values[0].value} to ${values.at(-1).value} was given; mean ${decimal(mean)}.`;
  return [
    field.type === "nps" ? nps(npsOf(values)) : figures([["Mean", decimal(mean)], ["Median", figure(reading.numbers?.median)], ["Standard deviation", figure(reading.numbers?.standard_deviation)]]),
    columns(items, { label, height: field.type === "nps" ? 150 : 190, marks }),
    table.element,
  ];
}

function number(field, reading, table) {
  const found = reading.numbers ?? {};
  const list = figures([
    ["Mean", figure(found.mean), found.standard_deviation === null || found.standard_deviation === undefined ? "" : `± ${figure(found.standard_deviation)}`],
    ["Smallest", figure(found.minimum)], ["Median", figure(found.median)],
    ["90% are up to", figure(found.p90)], ["95% are up to", figure(found.p95)], ["Largest", figure(found.maximum)],
  ]);
  if (!reading.bins.length) return [list];
  const items = reading.bins.map((each) => ({ short: figure(each.from), label: `from ${figure(each.from)} to below ${figure(each.to)}`, count: each.count }));
  table.set(["Interval", "Count", "Share"], reading.bins.map((each) => [`${figure(each.from)} to below ${figure(each.to)}`, counted(each.count), share(part(each.count, sumOf(reading.bins)))]));
  const [low, high] = [reading.bins[0].from, reading.bins.at(-1).to];
  const at = (value) => (value - low) / (high - low);
  const marks = [["median", found.median], ["90%", found.p90]].filter(([, value]) => value !== null && value !== undefined).map(([label, value]) => ({ at: at(value), label }));
  const label = `${field.label}: histogram from ${figure(low)} to ${figure(high)}; half of the answers are up to ${figure(found.median)}.`;
  return [columns(items, { label, height: 190, marks, edge: figure(high) }), list, table.element];
}

function dates(field, reading, table) {
  const found = new Map(reading.values.map((each) => [each.value, each]));
  const months = reading.values.map((each) => each.value).filter((value) => /^\d{4}-\d\d$/.test(value)).sort();
  if (!months.length) return [];
  const all = monthsBetween(months[0], months.at(-1));
  const items = all.map((month) => ({ short: bucket(`${month}-01T00:00:00`, "month", { short: true }), label: dated(month), count: found.has(month) ? found.get(month).count : 0 }));
  table.set(["Month", "Count"], items.map((each) => [each.label, counted(each.count)]));
  const label = `${field.label}: answers by month, from ${dated(all[0])} to ${dated(all.at(-1))}.`;
  return [columns(items, { label, height: 190 }), table.element];
}

function monthsBetween(first, last) {
  const all = [];
  for (let [year, month] = first.split("-").map(Number); all.length < 600; ) {
    const name = `${String(year).padStart(4, "0")}-${String(month).padStart(2, "0")}`;
    all.push(name);
    if (name >= last) break;
    [year, month] = month === 12 ? [year + 1, 1] : [year, month + 1];
  }
  return all;
}

/** Times of day, by the hour. */
function times(field, reading, table) {
  const hours = Array.from({ length: 24 }, () => 0);
  if (!reading.values.length) return [];
  reading.values.forEach((each) => {
    const hour = Number(each.value.slice(0, 2));
    hours[hour] = sumOf([{ count: hours[hour] }, each]);
  });
  const name = (hour) => `${String(hour).padStart(2, "0")}:00`;
  const items = hours.map((each, hour) => ({ short: name(hour), label: `from ${name(hour)}`, count: each }));
  table.set(["From", "Count"], items.map((each) => [each.short, counted(each.count)]));
  return [columns(items, { label: `${field.label}: answers by hour of the day.`, height: 190 }), table.element];
}

function matrix(field, reading) {
  const found = new Map(reading.values.map((each) => [each.value, each]));
  const options = Object.entries(field.options);
  const rows = Object.entries(field.rows).map(([row, label]) => {
    const cells = options.map(([option]) => found.get(`${row}/${option}`) ?? { count: 0 });
    const base = sumOf(cells);
    return { label, cells: cells.map((each) => ({ ...each, share: part(each.count, base) })), after: [counted(base)] };
  });
  return [grid({ caption: `${field.label}: share of each row's answers`, corner: "Row", columns: options.map(([, label]) => label), rows, after: ["Answers"] })];
}

function ranking(field, reading) {
  if (!reading.values.length) return [h("p", { class: "quiet" }, "Rankings can't be narrowed: take the filters and days away to see places.")];
  const found = new Map(reading.values.map((each) => [each.value, each]));
  const places = Object.keys(field.options).map((_, n) => n + 1);
  const rows = Object.entries(field.options).map(([option, label]) => {
    const cells = places.map((place) => found.get(`${place}/${option}`) ?? { count: 0 });
    const base = sumOf(cells);
    const mean = base ? cells.reduce((sum, each, n) => sum + each.count * (n + 1), 0) / base : null;
    return { label, mean, cells: cells.map((each) => ({ ...each, share: part(each.count, base) })), after: [mean === null ? "–" : mean.toFixed(2)] };
  }).sort((one, other) => (one.mean ?? 99) - (other.mean ?? 99));
  return [grid({ caption: `${field.label}: how often each was put in which place, best first`, corner: "Option", columns: places.map((place) => `Place ${place}`), rows, after: ["Mean place"] })];
}

function text(field, reading) {
  if (reading.distinct === undefined) return [];
  const top = (reading.top ?? []).filter((each) => each.value !== null);
  return [
    figures([["Different answers", count(reading.distinct)]]),
    top.length > 0 && bars(top, { caption: `${field.label}: the most frequent answers`, first: "Most frequent" }),
  ];
}

const STEPPED = new Set(["rating", "scale", "nps"]);
const KINDS = { choice, boolean: choice, options: choice, number, date: dates, moment: dates, time: times, matrix, ranking, text };

/** The elements that show a field; none where nothing but how many answered is known. */
export function draw(field, reading, table) {
  if (field.personal) return [h("p", { class: "quiet" }, "A personal field: only how many answered it is shown.")];
  if (reading.answered === 0) return [h("p", { class: "empty" }, "Nobody has answered this yet.")];
  const drawing = STEPPED.has(field.type) && field.kind === "number" ? stepped : KINDS[field.kind];
  return drawing ? drawing(field, reading, table).filter(Boolean) : [];
}
