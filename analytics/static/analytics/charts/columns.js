// Counts side by side: a histogram, or responses over time. Its table is made by `charts/behind.js`.
import { h, s } from "../elements.js";
import { count, counted } from "../words.js";

const ROOM = { right: 8, top: 12, bottom: 26 };
const LETTER = 7; // the width of a figure
const MARK_WIDTH = 62;
const HIDDEN_HEIGHT = 5;

const widest = (texts) => LETTER * Math.max(...texts.map((each) => each.length));

/** A round number of steps up to the largest count. */
function ticks(most) {
  const power = 10 ** Math.floor(Math.log10(Math.max(most, 1)));
  const step = [0.2, 0.5, 1, 2].map((each) => each * power).find((each) => most / each <= 4.5) ?? power * 2;
  const whole = Math.max(1, Math.ceil(step));
  return Array.from({ length: Math.floor(most / whole) + 2 }, (_, n) => n * whole);
}

/**
 * `items` are {short, label, count, kind}, in order; `marks` are {at, label} with `at` from 0 to 1
 * along the axis. With `edge`, the name of the last edge, `short` names where each column begins.
 */
export function columns(items, { label, height = 220, marks = [], edge = null }) {
  const frame = h("div", { class: "plot" });
  frame.style.height = `${height}px`; // its room is kept before it is drawn: nothing below jumps
  const tip = h("div", { class: "tip", "aria-hidden": "true", hidden: true });
  const draw = (width) => frame.replaceChildren(picture(items, { label, height, width, marks, edge, tip }), tip);
  let drawn = 0;
  drawers.set(frame, (width) => { if (width > 0 && width !== drawn) draw((drawn = width)); });
  widths.observe(frame);
  return frame;
}

/** One for all pictures: those that were replaced are forgotten with their frames. */
const drawers = new WeakMap();
const widths = new ResizeObserver((entries) => entries.forEach(({ target, contentRect }) => drawers.get(target)?.(Math.floor(contentRect.width))));

function picture(items, { label, height, width, marks, edge, tip }) {
  const most = Math.max(...items.map((each) => each.count ?? 0), 0);
  const steps = ticks(most);
  const left = widest(steps.map(count)) + 14;
  const inner = { width: width - left - ROOM.right, height: height - ROOM.top - ROOM.bottom };
  const pitch = inner.width / items.length;
  const y = (value) => ROOM.top + inner.height * (1 - value / steps.at(-1));
  const gap = Math.min(pitch * 0.22, 6);
  const every = Math.max(1, Math.ceil((widest([...items.map((each) => each.short), edge ?? ""]) + 14) / pitch));
  const grid = steps.filter((step) => most || !step).map((step) => [
    s("line", { class: step ? "grid" : "axis", x1: left, x2: width - ROOM.right, y1: y(step), y2: y(step) }),
    s("text", { class: "tick", x: left - 8, y: y(step) + 4, "text-anchor": "end" }, count(step)),
  ]);
  const drawn = items.map((each, n) => {
    const value = each.count ?? 0;
    const x = left + n * pitch;
    const isHidden = each.count === null;
    const tall = isHidden ? HIDDEN_HEIGHT : value ? Math.max(y(0) - y(value), 1.5) : 0;
    return [
      s("rect", { class: `column ${isHidden ? "hidden" : each.kind ?? ""}`, x: x + gap / 2, y: y(0) - tall, width: Math.max(pitch - gap, 1), height: tall, rx: Math.min(3, pitch / 4) }),
      n % every === 0 && s("text", { class: "tick", x: edge === null ? x + pitch / 2 : x, y: height - 8, "text-anchor": "middle" }, each.short),
      s("rect", { class: "target", x, y: ROOM.top, width: pitch, height: inner.height,
        onpointerenter: () => point(tip, each, { x: x + pitch / 2, y: y(value), width }),
        onpointerleave: () => { tip.hidden = true; } }),
    ];
  });
  const lines = marks.filter(({ at }) => at >= 0 && at <= 1).map(({ at, label: words }, n, all) => {
    const x = left + at * inner.width;
    const below = n > 0 && (at - all[n - 1].at) * inner.width < MARK_WIDTH ? 15 : 0;
    return {
      line: s("line", { class: "mark", x1: x, x2: x, y1: ROOM.top, y2: y(0) }),
      words: s("text", { class: "mark-label", x: x + (at > 0.8 ? -5 : 5), y: ROOM.top + 8 + below, "text-anchor": at > 0.8 ? "end" : "start" }, words),
    };
  });
  return s("svg", { role: "img", "aria-label": label, width, height, viewBox: `0 0 ${width} ${height}` }, grid, drawn, lines.map(({ line }) => line), lines.map(({ words }) => words),
    edge !== null && items.length % every === 0 && s("text", { class: "tick", x: width - ROOM.right, y: height - 8, "text-anchor": "end" }, edge));
}

function point(tip, each, { x, y, width }) {
  tip.replaceChildren(h("strong", {}, counted(each.count)), ` ${each.label}`);
  tip.hidden = false;
  const left = Math.min(Math.max(x - tip.offsetWidth / 2, 0), width - tip.offsetWidth);
  tip.style.transform = `translate(${left}px, ${Math.max(y - tip.offsetHeight - 8, 0)}px)`;
}
