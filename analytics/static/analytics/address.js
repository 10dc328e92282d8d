// What is shown stands in the address, so that a view can be kept, shared and gone back to.
import { RANGES, here, isDay, isZone } from "./spans.js";

const DEFAULTS = { range: "all", from: "", to: "", rows: "", columns: "", shown: "share" };

/** The state an address describes. What it says wrongly is as if it were not said. */
export function fromAddress(search) {
  const given = new URLSearchParams(search);
  const day = (name) => (isDay(given.get(name)) ? given.get(name) : "");
  const zone = given.get("tz");
  return {
    ...DEFAULTS,
    range: Object.hasOwn(RANGES, given.get("range") ?? "") ? given.get("range") : DEFAULTS.range,
    from: day("from"),
    to: day("to"),
    zone: isZone(zone) ? zone : here(),
    rows: given.get("rows") || "",
    columns: given.get("columns") || "",
    shown: given.get("shown") || DEFAULTS.shown,
    where: given.getAll("where").map(condition).filter(Boolean),
  };
}

/** A condition is [field, operator, operand], written as JSON. */
function condition(text) {
  try {
    const [field, operator, operand] = JSON.parse(text);
    return typeof field === "string" && typeof operator === "string" ? [field, operator, operand] : null;
  } catch {
    return null;
  }
}

export function toAddress(state) {
  const given = new URLSearchParams();
  for (const name of ["range", "from", "to", "rows", "columns", "shown"]) {
    if (state[name] && state[name] !== DEFAULTS[name]) given.set(name, state[name]);
  }
  for (const each of state.where) given.append("where", JSON.stringify(each));
  if ([...given].length) given.set("tz", state.zone); // days mean nothing without it
  const query = given.toString();
  return query ? `?${query}` : location.pathname;
}
