// One choice, several, or yes and no: a bar per option.
import { bars } from "../charts/bars.js";
import { h } from "../elements.js";
import { part } from "../sums.js";
import { plural } from "../words.js";
import { ordered } from "./steps.js";

export function choices(field, { values, other, answered, description }) {
  const rows = other === 0 ? values : [...values, { label: "(other)", count: other, share: part(other, answered) }];
  return [
    bars(rows, { caption: `${field.label}: counts and shares` }),
    ordered(description),
    field.kind === "options" && h("p", { class: "quiet under" }, `Several answers are possible: shares are of ${answered === null ? "the respondents" : `the ${plural(answered, "respondent")}`} who chose any and add up to more than 100%.`),
  ];
}
