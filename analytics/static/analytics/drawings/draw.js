// How each kind of field is drawn: what is known of it → elements.
import { bars } from "../charts/bars.js";
import { h } from "../elements.js";
import { part, sumOf } from "../sums.js";
import { choices } from "./choices.js";
import { numbers } from "./numbers.js";
import { stepped } from "./steps.js";
import { matrix, ranking } from "./tables.js";
import { texts } from "./texts.js";
import { dates, times } from "./times.js";

const KINDS = {
  choice: choices, options: choices, boolean: choices, number: numbers, date: dates, moment: dates, time: times,
  matrix, ranking, text: texts,
};
const STEPPED = new Set(["rating", "scale", "nps"]);

/** No elements where nothing but how many answered is known. `table` goes behind a picture. */
export function draw(field, reading, table) {
  if (field.personal) return counts(field, reading, "A personal field: only how many answered it is shown.");
  if (reading.answered === 0) return [h("p", { class: "empty" }, "Nobody has answered this yet.")];
  const drawing = STEPPED.has(field.type) ? stepped : KINDS[field.kind];
  const found = drawing ? drawing(field, reading, table).filter(Boolean) : [];
  if (found.length) return found;
  return reading.answered === null ? [h("p", { class: "quiet" }, "Hidden: too few answers.")] : counts(field, reading, "Only how many answered is counted.");
}

/** How many answered and how many did not, where there is nothing else to show. */
function counts(field, { answered, missing }, remark) {
  const base = sumOf([{ count: answered }, { count: missing }]);
  const row = (label, count) => ({ label, count, share: part(count, base) });
  const drawn = base > 0 && bars([row("Answered", answered), row("Not answered", missing)], { caption: `${field.label}: how many answered`, first: "Responses" });
  return [drawn, h("p", { class: "quiet" }, remark)].filter(Boolean);
}
