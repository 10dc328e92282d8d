// Numbers, shares, times and spans as people read them.
const LOCALE = "en-GB";
const whole = new Intl.NumberFormat(LOCALE, { maximumFractionDigits: 0 });
const some = new Intl.NumberFormat(LOCALE, { maximumSignificantDigits: 4 });
const tiny = new Intl.NumberFormat(LOCALE, { notation: "scientific", maximumSignificantDigits: 3 });
const short = new Intl.NumberFormat(LOCALE, { notation: "compact", maximumSignificantDigits: 4 });
const one = new Intl.NumberFormat(LOCALE, { minimumFractionDigits: 1, maximumFractionDigits: 1 });
const two = new Intl.NumberFormat(LOCALE, { minimumFractionDigits: 2, maximumFractionDigits: 2 });
const percent = new Intl.NumberFormat(LOCALE, { style: "percent", minimumFractionDigits: 1, maximumFractionDigits: 1 });

export const NOTHING = "–";
export const HIDDEN = "hidden";

const known = (value) => value !== null && value !== undefined && !Number.isNaN(value);

export const count = (value) => (known(value) ? whole.format(value) : NOTHING);
/** A count the form may keep back. */
export const counted = (value) => (value === null ? HIDDEN : count(value));
export const share = (value) => (known(value) ? percent.format(value) : NOTHING);
export const decimal = (value) => (known(value) ? two.format(value) : NOTHING);
/** A figure of any size: whole thousands, four digits below. */
export const figure = (value) => {
  if (!known(value)) return NOTHING;
  if (value !== 0 && Math.abs(value) < 0.0001) return tiny.format(value);
  return Math.abs(value) >= 1000 ? whole.format(value) : some.format(value);
};
/** The same along an axis, where there is little room. */
export const brief = (value) => (Math.abs(value) >= 100_000 ? short.format(value) : figure(value));
export const interval = (ends) => (ends ? `${share(ends[0])} to ${share(ends[1])}` : "");
export const signed = (value) => (known(value) ? `${value > 0 ? "+" : value < 0 ? "−" : ""}${one.format(Math.abs(value))}` : NOTHING);
export const plural = (number, word, more = `${word}s`) => `${count(number)} ${number === 1 ? word : more}`;
export const probability = (p) => (p < 0.001 ? "p < 0.001" : `p = ${p.toFixed(3)}`);

/** Seconds as hours, minutes and seconds: the two largest that matter. */
export function duration(seconds) {
  if (!known(seconds)) return NOTHING;
  const all = Math.round(seconds);
  if (all < 60) return `${all}\u00a0s`;
  if (all < 3600) return `${Math.floor(all / 60)}\u00a0min ${all % 60}\u00a0s`;
  if (all < 86400) return `${Math.floor(all / 3600)}\u00a0h ${Math.floor((all % 3600) / 60)}\u00a0min`;
  return `${one.format(all / 86400)}\u00a0days`;
}

/** A moment by the clock of a zone. */
export function clock(moment, zone, options = { hour: "2-digit", minute: "2-digit", second: "2-digit" }) {
  return new Intl.DateTimeFormat(LOCALE, { timeZone: zone, ...options }).format(new Date(moment));
}

const BUCKETS = {
  hour: { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" },
  day: { weekday: "short", day: "numeric", month: "short", year: "numeric" },
  week: { day: "numeric", month: "short", year: "numeric" },
  month: { month: "long", year: "numeric" },
  year: { year: "numeric" },
};
const SHORT = {
  hour: { hour: "2-digit", minute: "2-digit" },
  day: { day: "numeric", month: "short" },
  week: { day: "numeric", month: "short" },
  month: { month: "short", year: "numeric" },
  year: { year: "numeric" },
};

const formats = new Map();

/** Making one takes a hundred times as long as using it, and a year of days has hundreds of names. */
function formatOf(granularity, isShort) {
  const key = `${granularity} ${isShort}`;
  if (!formats.has(key)) formats.set(key, new Intl.DateTimeFormat(LOCALE, { timeZone: "UTC", ...(isShort ? SHORT : BUCKETS)[granularity] }));
  return formats.get(key);
}

/** The name of a bucket that starts at a wall-clock time such as 2026-01-31T00:00:00+01:00. */
export function bucket(start, granularity, { short: isShort = false } = {}) {
  const wall = new Date(`${start.slice(0, 19)}Z`); // its own clock, whatever ours says
  const text = formatOf(granularity, isShort).format(wall);
  return granularity === "week" && !isShort ? `Week of ${text}` : text;
}

const DATED = { 4: "year", 7: "month", 10: "day" };

/** `2026`, `2026-05` and `2026-05-31` in words. */
export const dated = (text, options) => bucket(`${`${text}-01-01`.slice(0, 10)}T00:00:00`, DATED[text.length], options);
