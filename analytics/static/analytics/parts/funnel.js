// How far people come: viewed, started, submitted.
import { bar } from "../charts/bars.js";
import { h, show } from "../elements.js";
import { NOTHING, count, share } from "../words.js";

const place = document.getElementById("funnel");
const EMPTY = "No sessions yet. Embed the form with its sessions to see how far people come.";

/** `steps` are {label, reached, left}, in order; the first is the base. */
export function showFunnel(steps, remark = "") {
  const base = steps[0]?.reached;
  if (!base) {
    show(place, h("p", { class: "empty" }, EMPTY));
    return;
  }
  show(place, h("table", { class: "bars funnel" },
    h("caption", { class: "unseen" }, "How many sessions reached each step"),
    h("thead", {}, h("tr", {},
      h("th", { scope: "col" }, "Step"), h("th", { scope: "col" }, h("span", { class: "unseen" }, "Drawn")),
      h("th", { scope: "col", class: "number" }, "Reached"), h("th", { scope: "col", class: "number" }, "Of all"),
      h("th", { scope: "col", class: "number" }, "Left after"))),
    h("tbody", {}, steps.map((step) => h("tr", {},
      h("th", { scope: "row" }, step.label),
      h("td", { class: "drawn" }, bar(step.reached / base, null)),
      h("td", { class: "number" }, count(step.reached)),
      h("td", { class: "number" }, share(step.reached / base)),
      h("td", { class: "number" }, step.left === null || step.left === undefined ? NOTHING : count(step.left)))))),
  remark && h("p", { class: "quiet under" }, remark));
}

/** From the sessions of the live numbers. */
export function stepsOf({ viewed, started, submitted }) {
  return [
    { label: "Viewed", reached: viewed, left: viewed - started },
    { label: "Started", reached: started, left: started - submitted },
    { label: "Submitted", reached: submitted, left: null },
  ];
}
