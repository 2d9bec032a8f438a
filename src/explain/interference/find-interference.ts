/** Finds rules of other programs that drop or divert redirected packets, by one traced packet in each direction. */
import { MustredirectError } from '../../error.ts';
import { readLinks } from '../../host/ip/links.ts';
import { type FoundRule, findRule } from '../../host/nft/rule-handle.ts';
import type { Facts } from '../../state/facts.ts';
import type { HostRole } from '../../topology/role.ts';
import type { LiveHost } from '../../verify/live-host.ts';
import { type Interference, describeTrials } from './describe.ts';
import type { Culprit } from './judge.ts';
import { type NotProbed, type Subject, pathsOf } from './path.ts';
import { type Trial, probe } from './probe.ts';

export interface Interferences {
  readonly found: readonly Interference[];
  /** subjects whose packets were sent */
  readonly probed: readonly Subject[];
  /** what was not tried, and why */
  readonly notProbed: readonly NotProbed[];
}

/** Never throws: whatever keeps packets from being sent is told, and keeps nothing else from being done. */
export async function findInterference(
  host: LiveHost,
  role: HostRole,
  before: Facts,
): Promise<Interferences> {
  try {
    return await findOnHost(host, role, before);
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error);
    const hint = error instanceof MustredirectError && error.hint !== undefined ? `; ${error.hint}` : '';
    return { found: [], probed: [], notProbed: [{ reason: `no packet was sent: ${said}${hint}` }] };
  }
}

async function findOnHost(host: LiveHost, role: HostRole, before: Facts): Promise<Interferences> {
  // What has just been applied may have brought a bridge with it.
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
