// Days, zone and filters: what is counted.
import { fresh, h, said, show } from "../elements.js";
import { RANGES, here, isZone } from "../spans.js";
import { makeFilterForm } from "./filter_form.js";
import { inWords } from "./conditions.js";

const place = document.getElementById("controls");

/** `change(part)` is called with what was chosen. Returns a function that shows another state. */
export function makeControls(fields, change) {
  const range = choice("Period", Object.entries(RANGES), (value) => change({ range: value }));
  const from = entry("From", "date", (value) => change({ from: value }));
  const to = entry("To", "date", (value) => change({ to: value }));
  const zone = zoneEntry(change);
  const chips = h("ul", { class: "chips", "aria-label": "Filters" });
  const filter = makeFilterForm(fields, (condition) => change({ add: condition }));
  const copy = h("button", { type: "button", class: "small", onclick: () => copyAddress(copy) }, "Copy link");
  const days = h("div", { class: "days" }, from.element, to.element);
  show(place,
    h("div", { class: "row" }, range.element, days, zone.element, h("div", { class: "grow" }), filter.toggle, copy),
    filter.panel, chips);
  return (state) => {
    range.input.value = state.range;
    from.input.value = state.from;
    to.input.value = state.to;
    zone.input.value = state.zone;
    days.hidden = state.range !== "custom";
    chips.hidden = state.where.length === 0;
    show(chips, state.where.map((condition, n) => chip(inWords(condition, fields), () => {
      change({ remove: n });
      (chips.querySelectorAll("button")[Math.min(n, state.where.length - 2)] ?? filter.toggle).focus();
    })));
  };
}

function chip(words, remove) {
  return h("li", { class: "chip" }, said(words), h("button", { type: "button", class: "remove", "aria-label": `Remove the filter: ${words}`, onclick: remove }, "×"));
}

function choice(label, options, change) {
  const id = fresh("choice");
  const input = h("select", { id, onchange: () => change(input.value) }, options.map(([value, words]) => h("option", { value }, words)));
  return { input, element: h("div", { class: "entry" }, h("label", { for: id }, label), input) };
}

function entry(label, type, change, properties = {}) {
  const id = fresh("entry");
  const input = h("input", { id, type, ...properties, onchange: () => change(input.value) });
  return { input, element: h("div", { class: "entry" }, h("label", { for: id }, label), input) };
}

function zoneEntry(change) {
  const list = fresh("zones");
  const names = Intl.supportedValuesOf?.("timeZone") ?? [here()];
  const zone = entry("Time zone", "text", (value) => {
    zone.input.setCustomValidity(isZone(value) ? "" : "There is no such time zone.");
    if (zone.input.reportValidity()) change({ zone: value });
  }, { list, autocomplete: "off", spellcheck: "false" });
  zone.element.append(h("datalist", { id: list }, ["UTC", ...names].map((value) => h("option", { value }))));
  return zone;
}

async function copyAddress(button) {
  try {
    await navigator.clipboard.writeText(location.href);
    button.textContent = "Copied";
  } catch {
    button.textContent = "Copy the address above";
  }
  setTimeout(() => { button.textContent = "Copy link"; }, 3000);
}
