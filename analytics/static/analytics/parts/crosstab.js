// Two questions against each other: whom to compare, the table, and whether they go together.
import { gridClass, shade } from "../charts/grid.js";
import { fresh, h, said, show } from "../elements.js";
import { problemBox } from "../page/problems.js";
import { canCross, readCrosstab } from "../reading/crosstab.js";
import { part } from "../sums.js";
import { HIDDEN, bucket, count, counted, figure, plural, probability, share } from "../words.js";

const place = document.getElementById("crosstab");
const SHOWN = { share: "Shares of rows", across: "Shares of columns", count: "Counts" };
const WORDS = { true: "Yes", false: "No", "(other)": "All others" };
const ALPHA = 0.05;

export function makeCrosstab(fields, { change, announce }) {
  const usable = fields.filter(canCross);
  if (usable.length < 2) {
    show(place, h("p", { class: "empty" }, "A cross-tab needs two questions that can be grouped by."));
    return { renew: () => {} };
  }
  const names = [["", "Choose a question"], ...usable.map((field) => [field.name, field.label || field.name])];
  const rows = choice("Rows", names, (value) => change({ rows: value }));
  const columns = choice("Columns", names, (value) => change({ columns: value }));
  const shown = choice("Cells show", Object.entries(SHOWN), (value) => change({ shown: value }));
  const swap = h("button", { type: "button", class: "small", onclick: () => change({ rows: columns.input.value, columns: rows.input.value }) }, "Swap rows and columns");
  const result = h("div", { class: "result" });
  show(place, h("div", { class: "row" }, rows.element, columns.element, shown.element, swap), result);
  let abort = null;
  let asked = "";

  async function renew(state) {
    rows.input.value = state.rows;
    columns.input.value = state.columns;
    shown.input.value = Object.hasOwn(SHOWN, state.shown) ? state.shown : "share";
    abort?.abort();
    const [down, across] = [state.rows, state.columns].map((name) => usable.find((field) => field.name === name));
    if (!down || !across || down === across) {
      show(result, h("p", { class: "empty" }, down && down === across ? "Choose two different questions." : "Choose a question for the rows and one for the columns."));
      return;
    }
    const { signal } = (abort = new AbortController());
    try {
      const table = await readCrosstab(state, fields, down, across, { signal });
      show(result, draw(table, { down, across, shown: shown.input.value }));
      const pair = `${down.label} by ${across.label}`;
      if (asked !== pair) announce(`Cross-tab of ${pair}${table.total === null ? "" : `: ${plural(table.total, "response")}`}. ${verdict(table)}`);
      asked = pair;
    } catch (error) {
      if (error.name !== "AbortError") show(result, problemBox(error, () => renew(state)));
    }
  }
  return { renew };
}

function choice(label, options, change) {
  const id = fresh("cross");
  const input = h("select", { id, onchange: () => change(input.value) }, options.map(([value, words]) => h("option", { value }, words)));
  return { input, element: h("div", { class: "entry" }, h("label", { for: id }, label), input) };
}

function named(field, value) {
  if (value === null) return "No answer";
  if (field.kind === "date" || field.kind === "moment") return bucket(`${value}-01T00:00:00`, "month");
  const text = String(value);
  const interval = text.match(/^(-?[\d.e+-]+)\.\.(-?[\d.e+-]+)$/);
  if (interval) return `${figure(Number(interval[1]))} to ${figure(Number(interval[2]))}`;
  const open = field.kind === "number" && text.match(/^([<≥])(-?[\d.e+-]+)$/);
  if (open) return `${open[1] === "<" ? "below" : "from"} ${figure(Number(open[2]))}`;
  return field.options[value] ?? WORDS[text] ?? text;
}

function draw(table, { down, across, shown }) {
  if (table.closed) return [h("p", { class: "empty" }, table.meta.warnings.join(" "))];
  if (table.total === 0) return [h("p", { class: "empty" }, "No chosen response answers both questions.")];
  const marks = new Map((table.residuals ?? []).filter((each) => each.p_value < ALPHA).map((each) => [`${each.row}|${each.column}`, each.residual]));
  const cell = (r, c) => {
    const found = table.counts[r][c];
    if (found === null) return h("td", { class: "number" }, HIDDEN);
    const base = shown === "across" ? table.column_totals[c] : table.row_totals[r];
    const of = part(found, base);
    const residual = marks.get(`${table.rows[r]}|${table.columns[c]}`);
    return h("td", { class: `number ${shown === "count" ? "" : shade(of)}` }, mark(residual), shown === "count" ? count(found) : share(of), shown !== "count" && h("span", { class: "count" }, ` ${count(found)}`));
  };
  const caption = `${down.label} by ${across.label}`;
  return [
    h("h3", {}, said(down.label), " by ", said(across.label)),
    h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": caption }, h("table", { class: `${gridClass(table.columns.length)} cross` },
      h("caption", { class: "unseen" }, caption),
      h("thead", {}, h("tr", {}, h("td", {}), table.columns.map((value) => h("th", { scope: "col", class: "number" }, said(named(across, value)))), h("th", { scope: "col", class: "number" }, "All"))),
      h("tbody", {}, table.rows.map((value, r) => h("tr", {}, h("th", { scope: "row" }, said(named(down, value))), table.columns.map((_, c) => cell(r, c)), h("td", { class: "number sum" }, counted(table.row_totals[r]))))),
      h("tfoot", {}, h("tr", {}, h("th", { scope: "row" }, "All"), table.column_totals.map((sum) => h("td", { class: "number sum" }, counted(sum))), h("td", { class: "number sum" }, counted(table.total)))))),
    h("p", { class: "verdict" }, verdict(table)),
    remarks(table).map((text) => h("p", { class: "quiet under" }, text)),
  ];
}

function mark(residual) {
  if (residual === undefined) return null;
  const more = residual > 0;
  return h("span", { class: more ? "more" : "fewer" }, h("span", { "aria-hidden": "true" }, more ? "▲ " : "▼ "), h("span", { class: "unseen" }, more ? "more than expected: " : "fewer than expected: "));
}

function verdict({ association, several, suppressed }) {
  if (suppressed) return "No test: some cells are hidden.";
  if (several) return "No test: a response may count in several cells.";
  if (!association) return "No test: it takes two rows and two columns with answers.";
  const test = association.test === "fisher" ? "Fisher's exact test" : `χ²(${association.degrees}) = ${figure(association.statistic)}`;
  const says = association.p_value < ALPHA ? "The two answers go together" : "No sign that the two answers go together";
  return `${says}: ${test}, ${probability(association.p_value)}, Cramér's V = ${association.cramers_v.toFixed(2)} (0 independent, 1 the same).`;
}

function remarks(table) {
  const found = [];
  if (table.association && !table.association.reliable) found.push(`Some cells are too small for the test (the smallest expected count is ${table.association.smallest_expected.toFixed(1)}): read it with caution.`);
  if (table.residuals?.some((each) => each.p_value < ALPHA)) found.push("▲ more and ▼ fewer than if the answers were independent (adjusted residuals, p < 0.05 after Holm's correction).");
  if (table.suppressed) found.push(`Cells marked “${HIDDEN}” hold too few responses to be shown.`);
  found.push(...(table.meta?.warnings ?? []));
  return found;
}
