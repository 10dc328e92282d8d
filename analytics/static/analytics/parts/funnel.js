// How far people come, and at which questions they leave.
import { bar } from "../charts/bars.js";
import { h, said, show } from "../elements.js";
import { part } from "../sums.js";
import { counted, share } from "../words.js";

const place = document.getElementById("funnel");
const EMPTY = "No sessions in this period. Forms that report their sessions show here how far people come.";
const FEW = "Hidden: too few sessions in this period.";
const AWAY = "Shown again as soon as the live numbers are back.";
const TITLES = { view: "Viewed", start: "Started", submit: "Submitted" };
const MOST = 5;

export function showFunnel(funnel, { filtered }) {
  const base = funnel?.base_n;
  if (!base) {
    show(place, h("p", { class: "empty" }, funnel ? (base === null ? FEW : EMPTY) : AWAY));
    return;
  }
  show(place, h("div", { class: "pair" }, steps(funnel.steps, base), leaving(funnel.fields)), remarks(funnel, filtered).map((text) => h("p", { class: "quiet under" }, text)));
}

const steps = (found, base) => table("How many sessions reached each step", ["Step", "Reached", "Of all", "Left here"], found.map((step) => ({
  label: TITLES[step.kind] ?? `Page “${step.title}”`,
  part: part(step.reached, base),
  cells: [counted(step.reached), share(part(step.reached, base)), step.kind === "submit" ? "" : counted(step.left)],
})));

/** The questions whose answer was most often the last one before leaving. */
function leaving(fields) {
  const worst = fields.filter((field) => field.left > 0).sort((one, other) => other.left - one.left).slice(0, MOST);
  if (!worst.length) return null;
  return table("Questions after which people left", ["Last answer before leaving", "Answered", "Left", "Share"], worst.map((field) => ({
    label: field.label, part: field.rate, cells: [counted(field.answered), counted(field.left), share(field.rate)],
  })));
}

const remarks = (funnel, filtered) => [
  filtered && "Of all sessions in the period: filters choose responses, and a session has no answers.",
  funnel.coarse_before && "Older days are counted whole, by the clock of UTC.",
].filter(Boolean);

function table(caption, [first, ...heads], rows) {
  return h("table", { class: "bars" },
    h("caption", { class: "unseen" }, caption),
    h("thead", {}, h("tr", {},
      h("th", { scope: "col" }, first), h("th", { scope: "col" }, h("span", { class: "unseen" }, "Drawn")),
      heads.map((head) => h("th", { scope: "col", class: "number" }, head)))),
    h("tbody", {}, rows.map(({ label, part: drawn, cells }) => h("tr", {},
      h("th", { scope: "row" }, said(label)), h("td", { class: "drawn" }, bar(drawn, null)),
      cells.map((text) => h("td", { class: "number" }, text))))));
}
