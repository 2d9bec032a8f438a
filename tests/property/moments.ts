/** Every moment of a run, as packets see it: after each batch line, transaction and setting. */
import type { Spec } from '../../src/spec/spec.ts';
import type { FakeHost } from '../fake-host/fake-host.ts';
import type { FakeState } from '../fake-host/state.ts';
import { inSubnet } from '../fake-host/address.ts';
import { followFlows } from './flows.ts';
import { bridgesWith, findLeak } from './leak.ts';

export interface Course {
  /** files whose egress is allowed */
  readonly between: readonly Spec[];
  /** sources that may have no other egress, from the first change on */
  readonly closed: readonly string[];
  /** sources for which this holds until rules and routes are final: then the guard releases them */
  readonly leaving: readonly string[];
  /** sources that are redirected at the end; default: `closed` */
  readonly ends?: readonly string[];
}

/** @returns moments with a leak: change and leaked packet; empty when there is none */
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
    // The transaction resets connections briefly, and changes nothing else.
    if (host.state.nft?.chains.has('closing_reset')) return;
    const now = seenBy(host.state, leaving);
    // A change that packets do not see needs no check.
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

/** Parts of the state that packets see; of the rules, those that match leaving sources, since others change later. */
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
