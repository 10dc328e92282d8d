// Asking the API. What is refused becomes a Refusal that says why and what to do.
const main = document.getElementById("numbers");
export const ROOT = main.dataset.api.replace(/metrics\/$/, "");
const SIMULTANEOUS = 4;

export class Refusal extends Error {
  constructor({ status, code, message, errors = [], wait = null }) {
    super(message);
    Object.assign(this, { status, code, errors, wait });
  }
}

const waiting = [];
let running = 0;

/** A browser has six connections and the live stream holds one. What is `first` waits for none but those. */
async function inTurn(act, first) {
  if (running >= SIMULTANEOUS) await new Promise((go) => (first ? waiting.unshift(go) : waiting.push(go)));
  running += 1;
  try {
    return await act();
  } finally {
    running -= 1;
    waiting.shift()?.();
  }
}

async function call(path, options = {}) {
  let answer;
  try {
    answer = await fetch(ROOT + path, { credentials: "same-origin", ...options });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Refusal({ status: 0, code: "unreachable", message: "The server can't be reached." });
  }
  const body = await answer.json().catch(() => ({}));
  if (answer.ok) return body;
  throw new Refusal({
    status: answer.status,
    code: body.code || "error",
    message: body.detail || `The server answered ${answer.status}.`,
    errors: body.errors,
    wait: Number(answer.headers.get("Retry-After")) || null,
  });
}

/** GET below the form's numbers; `parameters` without a value are left out. */
export function read(path, parameters = {}, { signal, first = false } = {}) {
  const given = Object.entries(parameters).filter(([, value]) => value !== null && value !== undefined);
  const query = new URLSearchParams(given).toString();
  return inTurn(() => call(query ? `${path}?${query}` : path, { signal, headers: { Accept: "application/json" } }), first);
}

/** The answer to a query in the query language. */
export function ask(query, { signal, first = false } = {}) {
  const token = document.querySelector("input[name=csrfmiddlewaretoken]").value;
  return inTurn(() => call("query/", {
    method: "POST",
    signal,
    headers: { Accept: "application/json", "Content-Type": "application/json", "X-CSRFToken": token },
    body: JSON.stringify(query),
  }), first);
}
