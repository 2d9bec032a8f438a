/** Told what is being done, for somebody who waits. Absent where nobody looks, so that nothing is worked out for it. */
export type Progress = (work: Work) => void;

export interface Work {
  /** `writing nft` */
  readonly what: string;
  /** which of how many: step 3 of 9 */
  readonly part?: Redirect;
  /** how many objects that is about */
  readonly objects?: number;
}

export interface Redirect {
  /** `step` */
  readonly name: string;
  /** the first is 1 */
  readonly number: number;
  readonly of: number;
}
