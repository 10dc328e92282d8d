// Adding up counts of which a form may keep some back: what is worked out of a hidden one is hidden.

/** The sum of counts; null where one of them is. */
export const sumOf = (each) => (each.some(({ count }) => count === null) ? null : each.reduce((sum, { count }) => sum + (count ?? 0), 0));

/** A share; null where it can't be known. */
export const part = (count, base) => (count === null || !base ? null : count / base);
