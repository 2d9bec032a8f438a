/** How many random cases each property is tried with: `PROPERTY_RUNS`. */
export const numRuns = Number(process.env['PROPERTY_RUNS'] ?? 60);
/** Milliseconds: beside live tests, which go first, they may get next to nothing of the processor until those end. */
export const timeout = 7_200_000;
/** for the name of a group of tests */
export const runsText = `${numRuns} runs each`;
