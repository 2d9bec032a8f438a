/** How many random cases each property is tried with: `PROPERTY_RUNS`. */
export const numRuns = Number(process.env['PROPERTY_RUNS'] ?? 60);
export const timeout = 60_000 + numRuns * 600;
/** for the name of a group of tests */
export const runsText = `${numRuns} runs each`;
