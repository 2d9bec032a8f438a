/** Counts probes, answered and lost, for each member and target. */
import type { Family } from '../../address/cidr.ts';
import type { PingSample } from './ping-output.ts';
import type { Probe } from './wanted-probes.ts';

export interface ProbeCount {
  readonly gateway: string;
  readonly family: Family;
  readonly member: string;
  readonly target: string;
  /** probes that were answered or lost, since they are sent */
  readonly probes: number;
  readonly lost: number;
}

export interface ProbeCounts {
  /** Forgets what is no longer probed: the file has changed. */
  follow(probes: readonly Probe[]): void;
  sample(probe: Probe, sample: PingSample): void;
  counts(): readonly ProbeCount[];
}

type Counted = Pick<Probe, 'gateway' | 'family' | 'member' | 'target'>;

export function createProbeCounts(): ProbeCounts {
  const found = new Map<string, ProbeCount>();
  return {
    follow(probes) {
      const wanted = new Set(probes.map(keyOf));
      for (const key of found.keys()) if (!wanted.has(key)) found.delete(key);
      for (const probe of probes) {
        const { gateway, family, member, target } = probe;
        const key = keyOf(probe);
        if (!found.has(key)) found.set(key, { gateway, family, member, target, probes: 0, lost: 0 });
      }
    },
    sample(probe, { roundTrip }) {
      const key = keyOf(probe);
      const before = found.get(key);
      if (!before) return;
      const lost = before.lost + (roundTrip === undefined ? 1 : 0);
      found.set(key, { ...before, probes: before.probes + 1, lost });
    },
    counts: () => [...found.values()],
  };
}

function keyOf({ gateway, family, member, target }: Counted): string {
  return [gateway, family, member, target].join(' ');
}
