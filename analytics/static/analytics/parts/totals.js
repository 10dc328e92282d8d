// The figures at the top.
import { h, show } from "../elements.js";
import { NOTHING, counted, duration, plural, share } from "../words.js";

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
  if (now === null || before === null || before === undefined) return "";
  if (!before) return `none in the period before`;
  const by = (now - before) / before;
  return `${by > 0 ? "▲" : by < 0 ? "▼" : "="} ${share(Math.abs(by))} on the period before`;
};

/** What a stream knows of the whole form, once there are tiles. */
export function moveTotals({ responses, today }) {
  if (!place.firstChild) return;
  put("Responses", counted(responses));
  put("Today", counted(today));
}

export function showTotals({ whole, responses, previous }, funnel, { narrowed }) {
  const compared = change(responses, previous);
  put("Responses", counted(responses), narrowed && whole ? [`of ${counted(whole.total_responses)}`, compared].filter(Boolean).join(", ") : compared);
  put("Today", counted(whole?.today_submissions), narrowed && whole ? "whole form" : "");
  const { viewed, started, submitted } = funnel?.sessions ?? {};
  put("Completion", share(funnel?.completion_rate), started ? `${counted(submitted)} of ${plural(started, "start")}` : started === 0 ? "no sessions" : "");
  const { median, p90 } = funnel?.time_to_complete ?? {};
  put("Time to complete", duration(median), p90 === null || p90 === undefined ? "" : `90% within ${duration(p90)}`);
  put("Views", counted(viewed), "");
  if (!place.firstChild) place.append(h("dl", { class: "tiles" }, [...tiles.values()].map((each) => each.element)));
}
