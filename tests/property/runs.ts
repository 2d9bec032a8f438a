/** Number of random cases for each property: `PROPERTY_RUNS`. */
export const numRuns = Number(process.env['PROPERTY_RUNS'] ?? 60);
/** Milliseconds: live tests have priority, so these tests may wait until those end. */
export const timeout = 7_200_000;
/** text for names of test groups */
export const runsText = `${numRuns} runs each`;
