/** How many random cases each property is tried with: `PROPERTY_RUNS`. */
export const numRuns = Number(process.env['PROPERTY_RUNS'] ?? 60);
/** Milliseconds: beside live tests, which go first, they get what is left of the processor. */
export const timeout = 60_000 + numRuns * 1500;
/** for the name of a group of tests */
export const runsText = `${numRuns} runs each`;
