// Tells screen readers of changes, now and then and the latest only.
const APART_MS = 15_000;
const place = document.getElementById("announcer");
let last = -APART_MS;
let timer = null;

/** What somebody did is said at once, what happens by itself at most every quarter of a minute. */
export function announce(text, { atOnce = false } = {}) {
  clearTimeout(timer);
  const wait = atOnce ? 0 : Math.max(0, last + APART_MS - performance.now());
  timer = setTimeout(() => {
    last = performance.now();
    place.textContent = text;
  }, wait);
}
