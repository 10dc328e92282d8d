// A field as the query language has it: of the chosen responses only.
import { ask, read } from "../api.js";
import { part, sumOf } from "../sums.js";
import { HIDES, isClosed, rowOf } from "./hiding.js";
import { answered, isNarrowed, narrowed } from "./narrowing.js";

const MOST_VALUES = 200;
const MOST_FREQUENT = 8;
const MOST_WORDS = 8;
const FREE_TEXT = ["text", "long_text"];
const FIGURES = [
  ["mean", { op: "avg" }], ["standard_deviation", { op: "stddev" }], ["median", { op: "median" }],
  ["p90", { op: "percentile", p: 90 }], ["p95", { op: "percentile", p: 95 }],
  ...(HIDES ? [] : [["minimum", { op: "min" }], ["maximum", { op: "max" }]]),
];

/** How many of the chosen responses answer a field, and how many do not. */
async function base(state, fields, field, options) {
  const measures = [{ op: "count", field: field.name, as: "answered" }, { op: "missing", field: field.name, as: "missing" }];
  const answer = await ask(narrowed(state, fields, { measures }), options);
  return { ...rowOf(answer, ["answered", "missing"]), as_of: answer.meta.as_of };
}

/**
 * null where the answer is closed. Where small groups are hidden a query is about two fields at most, and
 * that somebody answers counts as one: there the share is worked out here, without its interval.
 */
async function groups(state, fields, field, group, options) {
  if (HIDES && state.where.length) return counts(state, fields, field, group, options);
  const query = { measures: ["count"], group_by: [group], include: ["share", "ci"], limit: MOST_VALUES };
  const answer = await ask(narrowed(state, fields, query, [answered(field)]), options);
  if (isClosed(answer)) return null;
  const name = answer.columns[0].name;
  return answer.data.map(({ [name]: value, count, share, ci }) => ({ value, count, share, ci }));
}

async function counts(state, fields, field, group, options) {
  const answer = await ask(narrowed(state, fields, { measures: ["count"], group_by: [group], limit: MOST_VALUES }), options);
  if (isClosed(answer)) return null;
  const name = answer.columns[0].name;
  const rows = answer.data.filter((row) => row[name] !== null);
  const base = field.kind === "options" ? null : sumOf(rows); // several options count a respondent twice
  return rows.map(({ [name]: value, count }) => ({ value, count, share: part(count, base), ci: null }));
}

/** Every option in its own order, chosen or not; then what else was found. */
function listed(options, found) {
  const known = Object.entries(options);
  if (found === null) return known.map(([value, label]) => ({ value, label, count: null, share: null, ci: null }));
  const counted = new Map(found.map((each) => [String(each.value), each]));
  const rest = found.filter((each) => !(String(each.value) in options));
  const empty = { count: 0, share: found.length ? 0 : null, ci: null };
  return [
    ...known.map(([value, label]) => ({ ...empty, ...counted.get(value), value, label })),
    ...rest.map((each) => ({ ...each, value: String(each.value), label: String(each.value) })),
  ];
}

async function numbers(state, fields, field, options) {
  const measures = FIGURES.map(([as, measure]) => ({ ...measure, field: field.name, as }));
  return rowOf(await ask(narrowed(state, fields, { measures }), options), []);
}

async function matrix(state, fields, field, options) {
  const rows = await Promise.all(Object.keys(field.rows).map(async (row) => {
    const place = { ...field, name: `${field.name}.${row}` };
    const found = await groups(state, fields, place, { field: place.name }, options);
    return listed(field.options, found).map((each) => ({ ...each, value: `${row}/${each.value}` }));
  }));
  return rows.flat();
}

const VALUES = {
  choice: async (state, fields, field, options) => listed(field.options, await groups(state, fields, field, { field: field.name }, options)),
  boolean: async (state, fields, field, options) => listed({ true: "Yes", false: "No" }, await groups(state, fields, field, { field: field.name }, options)),
  number: async (state, fields, field, options) => (field.type === "number" ? [] : listed({}, await groups(state, fields, field, { field: field.name }, options))),
  matrix,
};
VALUES.options = VALUES.choice;

/** The same shape as the live numbers answer. */
export async function asked(state, fields, field, options) {
  const open = field.open && !field.personal;
  const [counted, values, figures] = await Promise.all([
    base(state, fields, field, options),
    open && VALUES[field.kind] ? VALUES[field.kind](state, fields, field, options) : [],
    open && field.kind === "number" ? numbers(state, fields, field, options) : null,
  ]);
  return { ...counted, values, other: 0, numbers: figures };
}

/** The words in most answers: of the whole form only. */
async function terms(field, options) {
  const found = await read(`fields/${encodeURIComponent(field.id)}/terms/`, { limit: MOST_WORDS }, options);
  return found.terms.map(({ term: label, interval: ci, ...each }) => ({ ...each, label, ci }));
}

/** The most frequent answers in words, and how many different ones there are. */
export async function texts(state, fields, field, options) {
  if (!field.open || field.personal || field.kind !== "text") return {};
  const measures = [{ op: "count_distinct", field: field.name, as: "distinct" }];
  const isFree = FREE_TEXT.includes(field.type);
  const [distinct, top, words] = await Promise.all([
    ask(narrowed(state, fields, { measures }), options),
    HIDES ? [] : groups(state, fields, field, { field: field.name, top: MOST_FREQUENT }, options),
    isFree && !isNarrowed(state) ? terms(field, options) : null,
  ]);
  return { ...rowOf(distinct, ["distinct"]), top: top.map((each) => ({ ...each, label: each.value })), words };
}
