// The figures at the top.
import { h, show } from "../elements.js";
import { NOTHING, count, plural, share } from "../words.js";

const place = document.getElementById("totals");
const tiles = new Map();

function tile(name) {
  if (!tiles.has(name)) {
    const value = h("dd", { class: "value" }, NOTHING);
    const remark = h("dd", { class: "quiet" });
    tiles.set(name, { value, remark, element: h("div", { class: "tile" }, h("dt", {}, name), value, remark) });
  }
  return tiles.get(name);
}

function put(name, text, remark = "") {
  const { value, remark: under } = tile(name);
  const moved = value.textContent !== text && value.textContent !== NOTHING;
  value.textContent = text;
  show(under, remark);
  if (moved) glow(value);
}

/** A figure that moved says so for a moment; the style sheet leaves it out where motion is unwanted. */
function glow(element) {
  element.classList.remove("moved");
  void element.offsetWidth; // lets the animation begin again
  element.classList.add("moved");
}

const change = (now, before) => {
  if (before === null || before === undefined) return "";
  if (!before) return `none in the period before`;
  const by = (now - before) / before;
  return `${by > 0 ? "▲" : by < 0 ? "▼" : "="} ${share(Math.abs(by))} on the period before`;
};

export function showTotals({ whole, responses, previous }, { narrowed }) {
  put("Responses", count(responses), narrowed && whole ? `of ${count(whole.total_responses)}${previous === null || previous === undefined ? "" : `, ${change(responses, previous)}`}` : change(responses, previous));
  put("Today", count(whole?.today_submissions), narrowed ? "whole form" : "");
  const { viewed, started, submitted } = whole?.sessions ?? {};
  put("Completion", share(whole?.completion_rate), whole ? started ? `${count(submitted)} of ${plural(started, "start")}` : "no sessions yet" : "");
  put("Views", count(viewed), whole && narrowed ? "whole form" : "");
  if (!place.firstChild) place.append(h("dl", { class: "tiles" }, [...tiles.values()].map((each) => each.element)));
}

/** A figure from elsewhere, such as the time to complete. */
export const showTotal = (name, text, remark) => {
  const isNew = !tiles.has(name);
  put(name, text, remark);
  if (isNew && place.firstChild) place.firstChild.append(tile(name).element);
};
