/**
 * Fixed seed of the mutations; `BAD_INPUT_SEED` sets another. Test names contain it, so that a failure can be repeated.
 */
export const seed = Number(process.env['BAD_INPUT_SEED'] ?? 3);
export const seedText = `seed ${seed}`;
/** Milliseconds for one text, with a wide margin for a busy machine. */
export const longest = 10_000;
