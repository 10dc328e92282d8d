// A few figures beside each other.
import { h } from "../elements.js";

/** `pairs` are [name, text, remark]. */
export const figures = (pairs, kind = "figures") => h("dl", { class: kind }, pairs.map(([name, text, remark]) => h("div", {},
  h("dt", {}, name),
  h("dd", {}, text, remark && h("span", { class: "quiet" }, ` ${remark}`)))));
