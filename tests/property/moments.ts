/** Every moment of a run, as packets see it: after each line of a batch, each transaction, each setting. */
import type { Spec } from '../../src/spec/spec.ts';
import type { FakeHost } from '../fake-host/fake-host.ts';
import type { FakeState } from '../fake-host/state.ts';
import { inSubnet } from '../fake-host/address.ts';
import { followFlows } from './flows.ts';
import { bridgesWith, findLeak } from './leak.ts';

export interface Course {
  /** whose ways are allowed */
  readonly between: readonly Spec[];
  /** the sources that must go no other way, from the first change on */
  readonly closed: readonly string[];
  /** those of which this must hold until all rules and routes are as they will be: then the guard lets them go */
  readonly leaving: readonly string[];
  /** those that are redirected when it has ended; default: what is closed */
  readonly ends?: readonly string[];
}

/** @returns each moment that is open, as what was done and what leaked; empty when all is well */
export async function leaksDuring(
  host: FakeHost,
  { between, closed, leaving, ends = closed }: Course,
  run: () => Promise<unknown>,
): Promise<string[]> {
  const always: string[] = [];
  let onTheWay: string[] = [];
  let atLast: string[] = [];
  let seen: Seen | undefined;
  const look = followFlows(host, [...new Set([...closed, ...leaving])], ends);
  look('before');
  host.watch((change) => {
    always.push(...look(change));
    // It ends connections for a moment, and leaves all else as it was the moment before.
    if (host.state.nft?.chains.has('closing_reset')) return;
    const now = seenBy(host.state, leaving);
    // What packets do not see changes nothing for them.
    if (seen && same(now, seen)) return;
    if (!seen || now.ways.some((part, i) => part !== seen?.ways[i])) {
      onTheWay = [...onTheWay, ...atLast];
      atLast = [];
    }
    seen = now;
    always.push(...leakAfter(change, host.state, between, closed));
    atLast.push(...leakAfter(change, host.state, between, leaving));
  });
  await run();
  host.watch(() => {});
  return [...always, ...onTheWay];
}

function leakAfter(
  change: string,
  state: FakeState,
  ways: readonly Spec[],
  sources: readonly string[],
): string[] {
  const leak = findLeak(state, ways, sources);
  return leak === undefined ? [] : [`${change}: ${leak}`];
}

interface Seen {
  readonly nft: unknown;
  readonly ways: readonly unknown[];
}

/** Of the rules, those that a packet of the leaving sources meets: what else changes in a later part of the run is not about them. */
function seenBy(state: FakeState, leaving: readonly string[]): Seen {
  const { rules, routes, links, nft } = state;
  const bridges = new Set(
    leaving.flatMap((source) => bridgesWith(state, source).map(({ bridge }) => bridge)),
  );
  const meets = ({ from, iif }: FakeState['rules'][number]): boolean =>
    (from === undefined || leaving.some((source) => inSubnet(from, source))) &&
    (iif === undefined || bridges.has(iif));
  return { nft, ways: [JSON.stringify(rules.filter(meets)), routes, links] };
}

function same(a: Seen, b: Seen): boolean {
  return a.nft === b.nft && a.ways.every((part, i) => part === b.ways[i]);
}
