// Texts: how many different ones; the answers given most often where they repeat, or else the words in most of them.
import { bars } from "../charts/bars.js";
import { figures } from "../charts/figures.js";
import { h } from "../elements.js";
import { sumOf } from "../sums.js";
import { counted } from "../words.js";

const FEWEST = 3; // an answer of one or two may say who gave it
const MUCH = 0.3;

export function texts(field, { answered, distinct, top = [], words }) {
  if (distinct === undefined) return [];
  const frequent = top.filter((each) => each.value !== null && each.count >= FEWEST);
  const repeats = field.type !== "long_text" && sumOf(frequent) >= MUCH * answered;
  return [
    figures([["Different answers", counted(distinct)]]),
    words?.length && !(repeats && frequent.length)
      ? bars(words, { caption: `${field.label}: the words in most answers`, first: "Word" })
      : frequent.length > 0 && bars(frequent, { caption: `${field.label}: the most frequent answers`, first: "Most frequent" }),
    !words?.length && top.length > 0 && !frequent.length && h("p", { class: "quiet" }, "No answer was given by three people or more."),
  ];
}
