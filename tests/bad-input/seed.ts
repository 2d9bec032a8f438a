/** The same mutations every day; `BAD_INPUT_SEED` tries others. For the names of the tests, so that a failure can be repeated. */
export const seed = Number(process.env['BAD_INPUT_SEED'] ?? 3);
export const seedText = `seed ${seed}`;
/** Milliseconds for one text: far more than any takes, for a machine that is busy. */
export const longest = 10_000;
