// What went wrong and what to do about it, in words.
import { h } from "../elements.js";
import { plural } from "../words.js";

const AGAIN_MS = 15_000;

const login = () => `${document.getElementById("numbers").dataset.login}?next=${encodeURIComponent(location.pathname + location.search)}`;

/** {title, remedy, link} for what the API refused. */
function explain(error) {
  const details = (error.errors || []).map((each) => each.message).join(" ");
  switch (error.status) {
    case 0: return { title: "The server can't be reached.", remedy: "Check the connection. The page tries again by itself." };
    case 401:
    case 403: return { title: "You are signed out, or may not see this any more.", remedy: "Sign in again, or ask the form's owner.", link: ["Sign in", login()] };
    case 404: return { title: "This form or field is gone, or no longer shared with you.", remedy: "Load the page again; if that doesn't help, ask the form's owner." };
    case 429: return { title: "Too many requests at once.", remedy: `The page tries again ${error.wait ? `in ${plural(error.wait, "second")}` : "in a moment"}.` };
    case 400: return { title: details || error.message, remedy: "Change the filters, the days or the time zone, or take them away." };
    case 503: return { title: error.message, remedy: "The page tries again by itself." };
    default: return { title: error.message || "Something went wrong.", remedy: "Try again; if it stays so, tell whoever runs this site." };
  }
}

export function problemBox(error, retry) {
  const { title, remedy, link } = explain(error);
  return h("div", { class: "problem" },
    h("p", {}, h("strong", {}, title), " ", remedy),
    link && h("a", { href: link[1] }, link[0]),
    retry && error.status !== 400 && h("button", { type: "button", class: "small", onclick: retry }, "Try again"));
}

/** After how many milliseconds to ask again by itself; null for what does not pass by itself. */
export function retryAfter({ status, wait }) {
  const passes = status === 0 || status === 429 || status >= 500;
  return passes ? (wait ? wait * 1000 : AGAIN_MS) : null;
}

const standing = new Map();

/** One notice at the top per cause, however many parts of the page run into it. */
export function notice(cause, box) {
  if (box === null ? !standing.delete(cause) : standing.has(cause)) return;
  if (box) standing.set(cause, box);
  document.getElementById("problems").replaceChildren(...standing.values());
}
