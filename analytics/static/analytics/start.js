// Puts the page together: state in the address, parts that show it, and a stream that renews them.
import { Refusal, read } from "./api.js";
import { fromAddress, toAddress } from "./address.js";
import { h, show } from "./elements.js";
import { announce } from "./page/announcer.js";
import { follow } from "./page/live.js";
import { notice, problemBox, retryAfter } from "./page/problems.js";
import { makeCards, makeFinder } from "./parts/fields.js";
import { makeControls } from "./parts/controls.js";
import { makeCrosstab } from "./parts/crosstab.js";
import { showFunnel } from "./parts/funnel.js";
import { showSeries } from "./parts/series.js";
import { moveTotals, showTotals } from "./parts/totals.js";
import { readFunnel } from "./reading/funnel.js";
import { readField } from "./reading/fields.js";
import { isNarrowed } from "./reading/narrowing.js";
import { readSeries } from "./reading/series.js";
import { readTotals } from "./reading/totals.js";
import { clock, count, counted, plural } from "./words.js";

const APART_MS = 1500;
const main = document.getElementById("numbers");
const standing = document.getElementById("standing");

class Board {
  constructor(fields) {
    this.fields = fields;
    this.state = fromAddress(location.search);
    const own = fields.filter((field) => field.id !== null);
    this.controls = makeControls(fields, (part) => this.choose(part));
    this.cards = makeCards(own, (field, options) => readField(this.state, fields, field, options));
    makeFinder(this.cards);
    this.crosstab = makeCrosstab(own, { change: (part) => this.choose(part), announce: (text) => announce(text, { atOnce: true }) });
    window.addEventListener("popstate", () => this.go(fromAddress(location.search)));
    this.go(this.state, { first: true });
  }

  choose({ add, remove, ...part }) {
    const where = add ? [...this.state.where, add] : this.state.where.filter((_, n) => n !== remove);
    const next = { ...this.state, ...part, where };
    history.pushState(null, "", toAddress(next));
    this.go(next);
  }

  /** Show a state: only the cross-tab where nothing else was chosen differently. */
  go(next, { first = false } = {}) {
    const before = this.state;
    this.state = next;
    this.controls(next);
    document.getElementById("zone-shown").textContent = next.zone;
    this.crosstab.renew(next);
    const counted = ({ range, from, to, zone, where }) => JSON.stringify([range, from, to, zone, where]);
    if (!first && counted(before) === counted(next)) return;
    this.renewCounts({ atOnce: !first });
    this.cards.forEach((card) => card.renew());
    if (first || before.zone !== next.zone) {
      this.unfollow?.();
      this.unfollow = follow(next.zone, (numbers, asOf) => this.moved(numbers, asOf));
    }
  }

  /** Something was counted: what the stream says at once, the rest soon, but at most every APART_MS. */
  moved(numbers, asOf) {
    const total = numbers?.get("total_responses") ?? null;
    this.streamed = numbers && { asOf, responses: total, today: numbers.get("today_submissions") ?? null };
    if (numbers && !isNarrowed(this.state)) moveTotals(this.streamed);
    const before = this.total;
    this.total = total;
    if (before === undefined) return; // the first snapshot is what was just read
    if (total > before && before !== null) announce(`${plural(total - before, "new response")}, ${count(total)} in all.`);
    this.awaited ??= setTimeout(() => {
      this.awaited = null;
      this.renewCounts({});
      this.cards.forEach((card) => card.renew());
      this.crosstab.renew(this.state);
    }, Math.max(0, (this.renewedAt ?? 0) + APART_MS - performance.now()));
  }

  async renewCounts({ atOnce = false }) {
    this.renewedAt = performance.now();
    this.abort?.abort();
    const { signal } = (this.abort = new AbortController());
    const { state, fields } = this;
    try {
      const options = { signal, first: true };
      const [totals, series, funnel] = await Promise.all([readTotals(state, fields, options), readSeries(state, fields, options), readFunnel(state, options)]);
      showTotals(this.newest(totals), funnel, { narrowed: isNarrowed(state) });
      showSeries(series);
      showFunnel(funnel, { filtered: state.where.length > 0 });
      this.stand(totals);
      if (atOnce) announce(`${counted(totals.responses)} responses chosen.`, { atOnce: true });
    } catch (error) {
      if (error.name !== "AbortError") this.failed(error);
    }
  }

  /** An answer that was on its way when the stream said more does not take the figures back. */
  newest(totals) {
    const { streamed } = this;
    if (!streamed || !totals.whole || isNarrowed(this.state) || streamed.asOf <= totals.as_of) return totals;
    return { ...totals, responses: streamed.responses, whole: { ...totals.whole, today_submissions: streamed.today } };
  }

  stand({ whole, as_of: asOf }) {
    const proved = whole?.drift ? (whole.drift.exact ? "proved against the stored responses" : "differing from the stored responses: an editor can repair them") : "";
    standing.textContent = [`As of ${clock(asOf, this.state.zone)}`, proved].filter(Boolean).join(", ");
    ["refused", "unreachable"].forEach((cause) => notice(cause, null));
    notice("away", whole ? null : h("div", { class: "problem" }, h("p", {}, h("strong", {}, "The live numbers are away: their store does not answer. "), "Shown is what the stored responses say. Views and completion come back by themselves.")));
    if (!whole) this.later(retryAfter({ status: 503 }));
  }

  failed(error) {
    if (!(error instanceof Refusal)) throw error;
    notice("refused", null);
    notice("refused", problemBox(error, () => this.renewCounts({ atOnce: true })));
    this.later(retryAfter(error));
  }

  later(milliseconds) {
    clearTimeout(this.retry);
    if (milliseconds !== null) this.retry = setTimeout(() => this.renewCounts({}), milliseconds);
  }
}

async function start() {
  try {
    const { fields } = await read("meta/");
    if (!fields.some((field) => field.id !== null)) {
      show(document.getElementById("answers"), h("p", { class: "empty" }, "This form has no published questions yet. Publish it, and its answers appear here."));
    }
    new Board(fields);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    notice("refused", null);
    notice("refused", problemBox(error, start));
    standing.textContent = "The numbers could not be read.";
  }
}

start();
main.dataset.started = "yes";
