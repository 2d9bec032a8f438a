/** When a member counts as failed, and when as working again. */

export interface Policy {
  /** milliseconds between two probes of one target */
  readonly interval: number;
  /** lost probes after which a target counts as unreachable, among the last `2 * fall - 1` */
  readonly fall: number;
  /** answered probes in a row after which it counts as reachable again */
  readonly rise: number;
  /** milliseconds for which a preferred member has to work before it is used again; `manual`: it is not */
  readonly failback: number | 'manual';
}

/** Defaults of the keys of a gateway. */
export const failoverDefaults = {
  check: { interval: 200, fall: 3, rise: 10 },
  failback: 30_000,
} as const;
