/** Reports progress to a waiting user. Absent when nobody watches, so that no progress is computed. */
export type Progress = (work: Work) => void;

export interface Work {
  /** `writing nft` */
  readonly what: string;
  /** number and count: step 3 of 9 */
  readonly step?: StepCount;
  /** number of affected objects */
  readonly objects?: number;
}

export interface StepCount {
  /** `step` */
  readonly name: string;
  /** the first is 1 */
  readonly number: number;
  readonly of: number;
}
