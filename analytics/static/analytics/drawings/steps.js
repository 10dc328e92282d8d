// Ratings, scales and recommendations: a column per step, and what the steps come to.
import { columns } from "../charts/columns.js";
import { figures } from "../charts/figures.js";
import { kindOf, nps, npsOf } from "../charts/nps.js";
import { h } from "../elements.js";
import { counted, decimal, figure, interval, share } from "../words.js";

const LAST = { nps: 10, rating: 5, scale: 7 };

/** Every step between the ends of the field, also those nobody chose. */
function steps(field, { values, description }) {
  const found = new Map(values.map((each) => [Number(each.value), each]));
  const absent = values.length ? { count: 0, share: 0 } : { count: null, share: null }; // none at all: hidden
  const ends = description?.scale ?? description ?? {};
  const low = ends.lowest ?? Math.min(field.type === "nps" ? 0 : 1, ...found.keys());
  const high = Math.max(ends.highest ?? LAST[field.type], ...found.keys());
  return Array.from({ length: high - low + 1 }, (_, n) => found.get(low + n) ?? { value: String(low + n), ...absent });
}

export function stepped(field, reading, table) {
  const values = steps(field, reading);
  const [first, last] = [values[0].value, values.at(-1).value];
  const mean = reading.description?.mean?.value ?? reading.numbers?.mean ?? null;
  const items = values.map((each) => ({
    short: each.value, label: `answered ${each.value}`, count: each.count, kind: field.type === "nps" ? kindOf(each.value) : "",
  }));
  table.set(["Answer", "Count", "Share", "95% interval"], values.map((each) => [each.value, counted(each.count), share(each.share), interval(each.ci)]));
  const marks = field.type === "nps" || mean === null ? [] : [{ at: (mean - Number(first) + 0.5) / items.length, label: `mean ${decimal(mean)}` }];
  const label = `${field.label}: how often each answer from ${first} to ${last} was given${mean === null ? "" : `; mean ${decimal(mean)}`}.`;
  return [
    field.type === "nps" ? score(values, reading.description) : summary(reading, mean),
    columns(items, { label, height: field.type === "nps" ? 150 : 190, marks }),
    table.element,
  ];
}

/** The score as the API has it, or of the chosen responses. */
function score(values, description) {
  const found = npsOf(values);
  if (found.total === null) return h("p", { class: "quiet" }, "The score is hidden: some answers were given by too few.");
  if (description?.kind !== "nps") return nps(found);
  const { value, low, high } = description.score;
  return nps({ ...found, score: value, ci: low === null ? null : [low, high] });
}

function summary({ description, numbers }, mean) {
  if (mean === null) return h("p", { class: "quiet" }, "Figures are hidden: some steps have too few answers.");
  const [median, deviation] = [description?.median ?? numbers?.median, description?.standard_deviation ?? numbers?.standard_deviation];
  return figures([
    ["Mean", decimal(mean), between(description?.mean, decimal)],
    ["Median", figure(median)],
    ["Standard deviation", decimal(deviation)],
    ...boxes(description),
  ]);
}

const between = (estimate, words) => (estimate && estimate.low !== null ? `${words(estimate.low)} to ${words(estimate.high)}` : "");

/** The shares of the two ends of a scale; those of the upper one of a rating are the satisfied. */
function boxes(description) {
  if (!description?.top) return [];
  const { boxes: width, highest, lowest, top, bottom } = description;
  const span = (from, to) => (from === to ? `${from}` : `${from} to ${to}`);
  const upper = span(highest - width + 1, highest);
  return [
    [description.csat ? `Satisfied (${upper})` : `Upper end (${upper})`, share(top.value), between(top, share)],
    [`Lower end (${span(lowest, lowest + width - 1)})`, share(bottom.value), between(bottom, share)],
    ...(description.ces ? [["Agree (5 and above)", share(description.ces.agree.value), between(description.ces.agree, share)]] : []),
  ];
}

/** What options in an order come to, the first counting 1. */
export function ordered(description) {
  if (description?.kind !== "scale" || !description.labels) return null;
  const { boxes: width, labels, mean, top, bottom } = description;
  const named = (some) => some.join(", ");
  return figures([
    ["Mean place", decimal(mean.value), `of ${labels.length}`],
    [named(labels.slice(-width)), share(top.value), between(top, share)],
    [named(labels.slice(0, width)), share(bottom.value), between(bottom, share)],
  ]);
}
