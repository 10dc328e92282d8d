// One choice, several, or yes and no: a bar per option.
import { bars } from "../charts/bars.js";
import { h, show } from "../elements.js";
import { part } from "../sums.js";
import { plural } from "../words.js";
import { ordered } from "./steps.js";

const MOST = 12;
const SPARED = 3; // nobody is asked to open a list for so few
const opened = new WeakSet();

export function choices(field, { values, other, answered, description }) {
  const rows = other === 0 ? values : [...values, rest(field, other, answered)];
  return [
    list(field, rows),
    ordered(description),
    field.kind === "options" && h("p", { class: "quiet under" }, `Several answers are possible: shares are of ${answered === null ? "the respondents" : `the ${plural(answered, "respondent")}`} who chose any and add up to more than 100%.`),
  ];
}

/** Everything beyond the values that are counted one by one; of several options these are choices, which are no share of respondents. */
function rest(field, count, answered) {
  if (field.kind === "options") return { label: "(other choices)", count, share: null };
  return { label: "(other)", count, share: part(count, answered) };
}

/** Of many options the most frequent first, and all in their own order for whoever asks. */
function list(field, rows) {
  const caption = `${field.label}: counts and shares`;
  if (rows.length <= MOST + SPARED) return bars(rows, { caption });
  const place = h("div", { class: "long" });
  const most = () => rows.toSorted((one, two) => (two.count ?? 0) - (one.count ?? 0)).slice(0, MOST);
  const turn = () => {
    if (!opened.delete(field)) opened.add(field);
    draw();
  };
  const draw = () => show(place,
    bars(opened.has(field) ? rows : most(), { caption }),
    h("button", { type: "button", class: "link", "aria-expanded": String(opened.has(field)), onclick: turn }, opened.has(field) ? `Show the ${MOST} most frequent` : `Show all ${rows.length} answers`));
  draw();
  return place;
}
