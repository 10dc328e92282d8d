// Making elements. Text is always set as text, so nothing an answer says can become markup.
const SVG = "http://www.w3.org/2000/svg";

function fill(element, properties, children) {
  for (const [name, value] of Object.entries(properties || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "value") element.value = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat(Infinity).filter((each) => each !== null && each !== undefined && each !== false));
  return element;
}

export const h = (name, properties, ...children) => fill(document.createElement(name), properties, children);
export const s = (name, properties, ...children) => fill(document.createElementNS(SVG, name), properties, children);

/** What somebody wrote, in its own direction: an Arabic label keeps its order on a page in English. */
export const said = (text) => h("bdi", {}, text);

let last = 0;
/** An id for a label and what it names. */
export const fresh = (stem) => `${stem}-${(last += 1)}`;

const REACHED = "summary, button, a, input, select, [tabindex]";

/**
 * Put new children into an element, instead of those it has. Those that stay are not touched, and whoever
 * is reading in one that is made anew stays where they were: what moves by itself takes no focus away.
 */
export function show(element, ...children) {
  const wanted = children.flat(Infinity).filter(Boolean).map((each) => (each instanceof Node ? each : document.createTextNode(each)));
  const places = [...element.querySelectorAll(REACHED)].map((each) => ({ each, left: each.scrollLeft, top: each.scrollTop, focused: each === document.activeElement }));
  [...element.childNodes].forEach((each) => wanted.includes(each) || each.remove());
  wanted.forEach((each, n) => element.childNodes[n] === each || element.insertBefore(each, element.childNodes[n] ?? null));
  const reached = [...element.querySelectorAll(REACHED)];
  places.forEach(({ each, left, top, focused }, n) => {
    const now = reached[n];
    if (each.isConnected || now?.tagName !== each.tagName) return;
    if (left || top) now.scrollTo(left, top);
    if (focused) now.focus({ preventScroll: true });
  });
}
