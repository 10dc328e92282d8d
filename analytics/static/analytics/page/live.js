// The stream of live numbers; where there is none, asking again every half minute.
import { ROOT } from "../api.js";
import { notice, problemBox } from "./problems.js";

const AGAIN_MS = 30_000;
const pill = document.getElementById("live");
const WORDS = {
  live: "Live",
  connecting: "Connecting",
  polling: "Every 30 seconds",
  away: "Numbers away",
  ended: "Ended",
};

function say(state) {
  if (pill.dataset.state === state) return;
  pill.dataset.state = state;
  pill.querySelector(".words").textContent = WORDS[state];
}

/** Calls `changed(state, asOf)` with the flat state of the stream (or null where it is not known). */
export function follow(zone, changed) {
  const numbers = new Map();
  let source = null;
  let timer = null;

  function open() {
    source = new EventSource(`${ROOT}live/?timezone=${encodeURIComponent(zone)}`);
    source.onopen = () => { clearInterval(timer); timer = null; say("live"); };
    source.onerror = () => (source.readyState === EventSource.CLOSED ? poll() : say("connecting"));
    source.addEventListener("snapshot", (event) => {
      const { data, as_of: asOf } = JSON.parse(event.data);
      numbers.clear();
      take(data, asOf);
    });
    source.addEventListener("diff", (event) => {
      const { changed: news, removed, as_of: asOf } = JSON.parse(event.data);
      removed.forEach((key) => numbers.delete(key));
      take(news, asOf);
    });
    source.addEventListener("unavailable", () => { say("away"); changed(null); });
    source.addEventListener("available", () => { say("live"); changed(null); });
    source.addEventListener("revoked", end);
  }

  function take(news, asOf) {
    Object.entries(news).forEach(([key, value]) => numbers.set(key, value));
    changed(numbers, asOf);
  }

  /** Refused: too many streams, or a server that can't keep one open. */
  function poll() {
    say("polling");
    timer ??= setInterval(() => { changed(null); open(); }, AGAIN_MS);
  }

  function end() {
    stop();
    say("ended");
    notice("revoked", problemBox({ status: 403 }));
  }

  function stop() {
    clearInterval(timer);
    source?.close();
  }

  open();
  return stop;
}
