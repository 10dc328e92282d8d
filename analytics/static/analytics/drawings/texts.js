// Texts: how many different ones, and the words in most of them, or else the most frequent answers.
import { bars } from "../charts/bars.js";
import { figures } from "../charts/figures.js";
import { counted } from "../words.js";

const FEWEST = 3; // an answer of one or two may say who gave it

export function texts(field, { distinct, top = [], words }) {
  if (distinct === undefined) return [];
  const frequent = top.filter((each) => each.value !== null && each.count >= FEWEST);
  return [
    figures([["Different answers", counted(distinct)]]),
    words?.length > 0 && bars(words, { caption: `${field.label}: the words in most answers`, first: "Word" }),
    !words?.length && frequent.length > 0 && bars(frequent, { caption: `${field.label}: the most frequent answers`, first: "Most frequent" }),
  ];
}
