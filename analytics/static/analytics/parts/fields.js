// One card per field. A card is read when it comes near the window, and again when it is stale.
import { behind } from "../charts/behind.js";
import { fresh, h, said, show } from "../elements.js";
import { problemBox, retryAfter } from "../page/problems.js";
import { counted, plural } from "../words.js";
import { draw } from "../drawings/draw.js";

const place = document.getElementById("answers");
const TYPES = {
  choice: "One choice", multi_choice: "Several choices", boolean: "Yes or no", nps: "NPS", rating: "Rating", scale: "Scale",
  integer: "Whole number", number: "Number", text: "Text", long_text: "Long text", date: "Date", datetime: "Date and time",
  time: "Time", matrix: "Matrix", ranking: "Ranking", file: "File", calculated: "Calculated", hidden: "Hidden",
  email: "E-mail", url: "Web address", phone: "Telephone",
};
const baseOf = ({ answered, missing }) => (answered === null
  ? "How many answered is hidden: the group is too small."
  : `${plural(answered, "answer")}, ${counted(missing)} without`);
const WIDE = new Set(["matrix", "ranking"]);

class Card {
  constructor(field, read) {
    this.field = field;
    this.read = read;
    this.near = false;
    this.stale = true;
    this.table = behind(field.label);
    this.body = h("div", { class: "card-body" }, h("p", { class: "empty" }, "Reading …"));
    this.base = h("p", { class: "quiet base" });
    const id = fresh("field");
    this.element = h("article", { class: `card${WIDE.has(field.type) ? " wide" : ""}`, "aria-labelledby": id, "data-field": field.name },
      h("div", { class: "card-head" }, h("h3", { id }, said(field.label || field.name)), h("span", { class: "tag" }, TYPES[field.type] ?? field.type)),
      this.base, this.body);
  }

  /** Read again, now if the card can be seen. */
  renew() {
    this.stale = true;
    if (this.near) this.load();
  }

  again(milliseconds) {
    if (milliseconds !== null) this.retry = setTimeout(() => this.renew(), milliseconds);
  }

  async load() {
    if (!this.stale) return;
    this.stale = false;
    clearTimeout(this.retry);
    this.abort?.abort();
    const { signal } = (this.abort = new AbortController());
    this.element.setAttribute("aria-busy", "true");
    try {
      const reading = await this.read(this.field, { signal });
      this.base.textContent = baseOf(reading);
      show(this.body, draw(this.field, reading, this.table));
    } catch (error) {
      if (error.name === "AbortError") return;
      this.base.textContent = "";
      show(this.body, problemBox(error, () => this.renew()));
      this.again(retryAfter(error));
    }
    this.element.removeAttribute("aria-busy");
  }
}

/** Cards of all fields; `read(field)` resolves to what is known of one. */
export function makeCards(fields, read) {
  const cards = fields.map((field) => new Card(field, read));
  const byElement = new Map(cards.map((card) => [card.element, card]));
  const watch = new IntersectionObserver((entries) => entries.forEach((entry) => {
    const card = byElement.get(entry.target);
    card.near = entry.isIntersecting;
    if (card.near) card.load();
  }), { rootMargin: "300px" });
  show(place, cards.map((card) => card.element));
  cards.forEach((card) => watch.observe(card.element));
  return cards;
}

/** Finding one of many fields by what it asks. */
export function makeFinder(cards) {
  if (cards.length < 6) return;
  const id = fresh("find");
  const found = h("span", { class: "quiet", role: "status" });
  const search = (event) => {
    const words = event.target.value.trim().toLowerCase();
    const shown = cards.filter(({ field, element }) => {
      const fits = `${field.label} ${field.name}`.toLowerCase().includes(words);
      element.hidden = !fits;
      return fits;
    });
    found.textContent = words ? `${shown.length} of ${cards.length}` : "";
  };
  show(document.getElementById("finder"), found, h("label", { for: id, class: "quiet" }, "Find a question "), h("input", { id, type: "search", oninput: search }));
}
