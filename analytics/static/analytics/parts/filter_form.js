// Putting a filter together: a field, what is asked of it, and the answer.
import { fresh, h, said, show } from "../elements.js";
import { conditionsOf } from "./conditions.js";

export function makeFilterForm(fields, add) {
  const usable = fields.filter((field) => field.open && conditionsOf(field).length);
  const id = fresh("filter");
  const which = h("select", { id: fresh("which") }, usable.map((field, n) => h("option", { value: n }, field.label || field.name)));
  const how = h("select", { id: fresh("how") });
  const what = h("div", { class: "operand" });
  const panel = h("form", { id, class: "filter-form", hidden: true, "aria-label": "Add a filter" },
    h("div", { class: "entry" }, h("label", { for: which.id }, "Question"), which),
    h("div", { class: "entry" }, h("label", { for: how.id }, "Condition"), how),
    what,
    h("div", { class: "actions" }, h("button", { type: "submit", class: "primary" }, "Add filter"), h("button", { type: "button", onclick: () => open(false) }, "Cancel")));
  const toggle = h("button", { type: "button", class: "small", "aria-expanded": "false", "aria-controls": id, onclick: () => open(panel.hidden) }, "Add filter");

  function open(isOpen) {
    panel.hidden = !isOpen;
    toggle.setAttribute("aria-expanded", String(isOpen));
    (isOpen ? which : toggle).focus();
  }
  const field = () => usable[which.value];
  const condition = () => conditionsOf(field())[how.value];
  let operand = () => null;
  const ask = () => { operand = operandOf(what, field(), condition()); };
  const choose = () => {
    show(how, conditionsOf(field()).map(({ label }, n) => h("option", { value: n }, label)));
    ask();
  };
  which.addEventListener("change", choose);
  how.addEventListener("change", ask);
  panel.addEventListener("keydown", (event) => { if (event.key === "Escape") open(false); });
  panel.addEventListener("submit", (event) => {
    event.preventDefault();
    const value = operand();
    if (value === undefined) return;
    add([field().name, condition().operator, value]);
    open(false);
  });
  if (usable.length) choose();
  return { panel, toggle };
}

/** Fills the place with what is to be entered; returns how to read it (undefined: not yet valid). */
function operandOf(place, field, condition) {
  if (condition.operand !== undefined) {
    show(place);
    return () => condition.operand;
  }
  if (condition.input === "options") return options(place, field);
  const id = fresh("operand");
  const input = condition.input === "boolean"
    ? h("select", { id }, h("option", { value: "true" }, "yes"), h("option", { value: "false" }, "no"))
    : h("input", { id, type: condition.input, step: condition.input === "time" ? 1 : "any", required: true });
  show(place, h("div", { class: "entry" }, h("label", { for: id }, "Answer"), input));
  const read = { number: Number, boolean: (text) => text === "true" }[condition.input] ?? String;
  return () => (input.reportValidity() ? read(input.value) : undefined);
}

function options(place, field) {
  const boxes = Object.entries(field.options).map(([value, label]) => ({ input: h("input", { type: "checkbox", value, id: fresh("option") }), label }));
  show(place, h("fieldset", {}, h("legend", {}, "Answers"), boxes.map(({ input, label }) => h("label", { for: input.id }, input, " ", said(label)))));
  return () => {
    const chosen = boxes.filter(({ input }) => input.checked).map(({ input }) => input.value);
    boxes[0]?.input.setCustomValidity(chosen.length ? "" : "Choose at least one answer.");
    return boxes[0] && !boxes[0].input.reportValidity() ? undefined : chosen;
  };
}
