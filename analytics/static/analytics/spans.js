// Spans of days by the calendar of a zone. Days are texts such as 2026-01-31.
export const RANGES = {
  all: "All time",
  today: "Today",
  last_7_days: "Last 7 days",
  last_30_days: "Last 30 days",
  last_90_days: "Last 90 days",
  this_month: "This month",
  this_year: "This year",
  custom: "Between two days",
};

export const here = () => Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";

export function isZone(name) {
  try {
    new Intl.DateTimeFormat("en", { timeZone: name });
    return Boolean(name);
  } catch {
    return false;
  }
}

/** Today in a zone. */
export const today = (zone, now = new Date()) => new Intl.DateTimeFormat("sv-SE", { timeZone: zone }).format(now);

export const isDay = (text) => /^\d{4}-\d\d-\d\d$/.test(text || "") && !Number.isNaN(Date.parse(text));

export function addDays(day, number) {
  const moment = new Date(`${day}T00:00:00Z`);
  moment.setUTCDate(moment.getUTCDate() + number);
  return moment.toISOString().slice(0, 10);
}

export const daysBetween = (from, to) => Math.round((Date.parse(to) - Date.parse(from)) / 86_400_000) + 1;

/** First and last day of a named range, or null for all time. */
export function span({ range, from, to, zone }) {
  const end = today(zone);
  switch (range) {
    case "today": return { from: end, to: end };
    case "last_7_days": return { from: addDays(end, -6), to: end };
    case "last_30_days": return { from: addDays(end, -29), to: end };
    case "last_90_days": return { from: addDays(end, -89), to: end };
    case "this_month": return { from: `${end.slice(0, 8)}01`, to: end };
    case "this_year": return { from: `${end.slice(0, 5)}01-01`, to: end };
    case "custom": return from || to ? { from: from || "1970-01-01", to: to || end } : null;
    default: return null;
  }
}

/** Buckets small enough to show the shape, few enough to be told apart. */
export function granularityOf({ from, to }) {
  const days = daysBetween(from, to);
  if (days <= 2) return "hour";
  if (days <= 100) return "day";
  if (days <= 700) return "week";
  return days <= 8000 ? "month" : "year";
}
