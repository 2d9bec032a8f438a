/** One target of probes through one member. */
import type { Policy } from './policy.ts';

export interface Target {
  readonly state: 'unknown' | 'good' | 'bad';
  /** round trips in milliseconds, `undefined` for a lost probe; the newest last */
  readonly samples: readonly (number | undefined)[];
  /** number of samples since the state changed: earlier ones do not count for the next change */
  readonly counted: number;
  /** it is bad, and the member itself has said so */
  readonly refused?: true;
}

export const freshTarget: Target = { state: 'unknown', samples: [], counted: 0 };

/** samples that are kept, for loss and round trip: at least what the policy asks for */
const kept = 50;

export interface Sample {
  /** milliseconds; absent: the probe was lost */
  readonly roundTrip?: number;
  /** the member says that it has no way to the target: nobody needs to wait for more probes */
  readonly refused?: true;
}

export function countSample(before: Target, { roundTrip, refused }: Sample, policy: Policy): Target {
  const { fall, rise } = policy;
  const samples = [...before.samples, roundTrip].slice(-Math.max(kept, 2 * fall - 1, rise));
  const counted = Math.min(before.counted + 1, samples.length);
  const state = refused ? 'bad' : stateOf(before.state, samples.slice(-counted), policy);
  const said = state === 'bad' && (refused ?? before.refused);
  return {
    state,
    samples,
    counted: state === before.state ? counted : 0,
    ...(said ? { refused: true } : {}),
  };
}

/**
 * It falls when `fall` of the last `2 * fall - 1` probes were lost, and rises when the last `rise` were answered. The
 * first answer is enough for a target that nothing is known of.
 */
function stateOf(
  before: Target['state'],
  samples: Target['samples'],
  { fall, rise }: Policy,
): Target['state'] {
  if (before === 'bad') {
    return samples.length >= rise && lostOf(samples.slice(-rise)) === 0 ? 'good' : 'bad';
  }
  if (lostOf(samples.slice(-(2 * fall - 1))) >= fall) return 'bad';
  return before === 'unknown' && samples.at(-1) !== undefined ? 'good' : before;
}

function lostOf(samples: Target['samples']): number {
  return samples.filter((sample) => sample === undefined).length;
}

/** Share of lost probes among those that are kept: 0 to 1. */
export function lossOf({ samples }: Target): number {
  return samples.length === 0 ? 0 : lostOf(samples) / samples.length;
}

/** Mean round trip in milliseconds; undefined when no probe was answered. */
export function roundTripOf({ samples }: Target): number | undefined {
  const answered = samples.filter((sample) => sample !== undefined);
  return answered.length === 0
    ? undefined
    : answered.reduce((total, sample) => total + sample, 0) / answered.length;
}
