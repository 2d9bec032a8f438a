/** Connections that cannot go on are ended, before what they go by is closed. */
import type { Flows } from '../state/ledger.ts';
import type { HostObject, NftChain } from '../state/objects.ts';
import { hasContainers, isClosing, resetObjects } from './closing.ts';
import type { Change } from './compare.ts';
import { type NftObject, changeTable, isNftObject, replaceTable } from './nft-text.ts';
import { onlyMoves } from './only-moves.ts';
import type { Step } from './step.ts';

/** Makes connections of flows end while a run is undone; nothing where they are closed already, or nothing of ours is there. */
export function resetText(actual: readonly HostObject[], flows: readonly Flows[]): string | undefined {
  const before = actual.filter(isNftObject);
  if (before.length === 0 || before.some(isClosing)) return undefined;
  return changeTable(before, [...before, ...resetObjects(flows, hasContainers(before))]);
}

/** The first step, where nothing else must come before it. */
export function resetSteps(
  before: readonly NftObject[],
  reset: readonly NftObject[],
  flows: readonly Flows[],
): Step[] {
  if (reset.length === 0) return [];
  const text = changeTable(before, [...before, ...reset]);
  return [
    {
      do: { kind: 'reset-connections', flows, text },
      undo: { kind: 'nft', text: replaceTable(before) },
      lines: [],
    },
  ];
}

/** Whether nothing has to be closed by a change that is not closed yet. */
export function closesNoMore(change: Change): boolean {
  return isException(change) || closesLess(change);
}

/** Whether a change is about what keeps this host's own routing and address: nothing is closed by that. */
function isException(change: Change): boolean {
  const object = change.kind === 'remove' ? change.from : change.to;
  if (object.kind === 'nft-chain' && object.hook) return object.hook.type === 'nat';
  return 'name' in object && /^(?:direct|exceptions|answers|masqueraded)[46](?:_|$)/.test(object.name);
}

/** Whether rules that stop go from a chain, and nothing else is different. What somebody has let through is stopped at once. */
function closesLess(change: Change): boolean {
  if (!onlyMoves(change) || change.kind !== 'change') return false;
  const [from, to] = [change.from, change.to] as [NftChain, NftChain];
  return from.rules.every(
    (rule) => to.rules.includes(rule) || /(?:^| )(?:drop|(?:jump|goto) \S+)$/.test(rule),
  );
}
