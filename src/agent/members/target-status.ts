/** State of the targets of one member's probes, for `status` and metrics. Pure. */
import { type Target, lossOf, roundTripOf } from '../../health/target.ts';

export interface TargetStatus {
  /** address that is probed: beyond the uplink, or the member itself */
  readonly target: string;
  readonly state: Target['state'];
  /** share of the last 50 probes that were lost: 0 to 1 */
  readonly loss: number;
  /** mean round trip of the last 50 probes in milliseconds; absent: none was answered */
  readonly roundTrip?: number;
}

export function targetStatuses(targets: Readonly<Record<string, Target>>): TargetStatus[] {
  return Object.entries(targets).map(([target, one]) => {
    const roundTrip = roundTripOf(one);
    return {
      target,
      state: one.state,
      loss: lossOf(one),
      ...(roundTrip === undefined ? {} : { roundTrip: Math.round(roundTrip * 1000) / 1000 }),
    };
  });
}
