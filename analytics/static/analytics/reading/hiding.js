// Forms that hide small groups: what can't be asked of them, and answers that are closed altogether.

/** Whether this form does: extremes, the most frequent and a number of bins are refused then. */
export const HIDES = Number(document.getElementById("numbers").dataset.minCell) > 0;

/** The first row of an answer; a closed answer has none, and every figure in it is hidden. */
export const rowOf = (answer, names) => answer.data[0] ?? Object.fromEntries(names.map((name) => [name, null]));

export const isClosed = (answer) => answer.data.length === 0 && answer.meta.base_n === null;
