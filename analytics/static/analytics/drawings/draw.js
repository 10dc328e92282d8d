// How each kind of field is drawn: what is known of it → elements.
import { h } from "../elements.js";
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
  if (field.personal) return [h("p", { class: "quiet" }, "A personal field: only how many answered it is shown.")];
  if (reading.answered === 0) return [h("p", { class: "empty" }, "Nobody has answered this yet.")];
  const drawing = STEPPED.has(field.type) ? stepped : KINDS[field.kind];
  const found = drawing ? drawing(field, reading, table).filter(Boolean) : [];
  return found.length || reading.answered !== null ? found : [h("p", { class: "quiet" }, "Hidden: too few answers.")];
}
