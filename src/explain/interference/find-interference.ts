/** Finds rules of other programs that drop or divert redirected packets, by one traced packet in each direction. */
import { MustredirectError } from '../../error.ts';
import { readLinks } from '../../host/ip/links.ts';
import { isInterruption } from '../../host/process/interrupt.ts';
import { type FoundRule, findRule } from '../../host/nft/rule-handle.ts';
import type { Facts } from '../../state/facts.ts';
import type { HostRole } from '../../topology/role.ts';
import type { LiveHost } from '../../verify/live-host.ts';
import type { CheckSubject } from '../../verify/report.ts';
import { type Interference, describeTrials } from './describe.ts';
import type { Culprit } from './judge.ts';
import { type NotProbed, pathsOf } from './path.ts';
import { type Trial, probe } from './probe.ts';

export interface Interferences {
  readonly found: readonly Interference[];
  /** subjects with probe packets */
  readonly probed: readonly CheckSubject[];
  /** subjects without probe packets, and why */
  readonly notProbed: readonly NotProbed[];
}

/** Reports a failure to send packets, so that the rest of the run continues. Throws only when interrupted. */
export async function findInterference(
  host: LiveHost,
  role: HostRole,
  before: Facts,
): Promise<Interferences> {
  try {
    return await findOnHost(host, role, before);
  } catch (error) {
    if (isInterruption(error)) throw error;
    const message = error instanceof Error ? error.message : String(error);
    const hint = error instanceof MustredirectError && error.hint !== undefined ? `; ${error.hint}` : '';
    return { found: [], probed: [], notProbed: [{ reason: `no packet was sent: ${message}${hint}` }] };
  }
}

async function findOnHost(host: LiveHost, role: HostRole, before: Facts): Promise<Interferences> {
  // The apply before may have brought up a bridge: links are read again.
  const facts = { ...before, links: await readLinks(host.exec) };
  const { paths, skipped } = pathsOf(role, facts);
  if (paths.length === 0) return { found: [], probed: [], notProbed: skipped };
  host.progress?.({ what: 'sending one packet each way', objects: paths.length });
  const trials = await probe(host, paths);
  const rules = await findRules(host, trials);
  return {
    found: describeTrials(trials, (culprit) => rules.get(keyOf(culprit)) ?? { text: culprit.rule ?? '' }),
    probed: paths.map(({ subject }) => subject),
    notProbed: skipped,
  };
}

async function findRules(
  { exec }: LiveHost,
  trials: readonly Trial[],
): Promise<ReadonlyMap<string, FoundRule>> {
  const culprits = new Map(trials.flatMap(culpritsOf).map((culprit) => [keyOf(culprit), culprit]));
  const found = await Promise.all(
    [...culprits].map(
      async ([key, culprit]) => [key, await findRule(exec, culprit, culprit.rule ?? '')] as const,
    ),
  );
  return new Map(found);
}

function culpritsOf({ outcome }: Trial): Culprit[] {
  const all =
    outcome.kind === 'dropped'
      ? [outcome.by]
      : outcome.kind === 'diverted'
        ? [outcome.translated, outcome.marked]
        : outcome.kind === 'lost'
          ? [outcome.marked]
          : [];
  return all.flatMap((culprit) => (culprit?.rule === undefined ? [] : [culprit]));
}

function keyOf({ family, table, chain, rule }: Culprit): string {
  return [family, table, chain, rule].join(' ');
}
