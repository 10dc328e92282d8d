// What can be asked of a field in a filter, and how it reads.
const NONE = { label: "is answered", operator: "$exists", operand: true };
const MISSING = { label: "is not answered", operator: "$exists", operand: false };

const ASKED = {
  choice: [["is one of", "$in", "options"], ["is none of", "$nin", "options"]],
  options: [["includes any of", "$any", "options"], ["includes all of", "$all", "options"], ["includes none of", "$none", "options"]],
  boolean: [["is", "$eq", "boolean"]],
  number: [["is", "$eq", "number"], ["is at least", "$gte", "number"], ["is at most", "$lte", "number"], ["is not", "$ne", "number"]],
  date: [["is on or after", "$gte", "date"], ["is on or before", "$lte", "date"]],
  time: [["is at or after", "$gte", "time"], ["is at or before", "$lte", "time"]],
  text: [["contains", "$icontains", "text"], ["is", "$eq", "text"], ["begins with", "$starts_with", "text"]],
};
ASKED.moment = ASKED.date;

/** [{label, operator, input}] for a field; where `operand` is given there is nothing to enter. */
export const conditionsOf = (field) => [
  ...(ASKED[field.kind] ?? []).map(([label, operator, input]) => ({ label, operator, input })),
  ...(field.id === null ? [] : [NONE, MISSING]),
];

const BOOLEAN = { true: "yes", false: "no" };

function labelOf(field, value) {
  const known = [field?.options ?? {}, BOOLEAN].find((labels) => Object.hasOwn(labels, value));
  return known ? known[value] : value;
}

/** `Branch is one of Central, Harbour`. */
export function inWords([name, operator, operand], fields) {
  const field = fields.find((each) => each.name === name);
  const known = field && conditionsOf(field).find((each) => each.operator === operator && (each.operand === undefined || each.operand === operand));
  const words = [operand].flat().map((each) => labelOf(field, String(each)));
  const rest = known?.operand === undefined ? ` ${words.join(", ")}` : "";
  return `${field?.label || name} ${known?.label ?? operator}${rest}`;
}
