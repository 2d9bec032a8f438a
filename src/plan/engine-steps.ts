/** What engines are asked to do: a network comes first, then its setting; it goes the other way round. */
import type { EngineMasquerade, EngineNetwork } from '../state/objects.ts';
import type { Action } from './action.ts';
import type { Change } from './compare.ts';
import { printChange } from './print.ts';
import type { Step } from './step.ts';

export function engineSteps(changes: readonly Change[]): Step[] {
  return [
    ...changes.flatMap(createNetwork),
    ...changes.flatMap(setMasquerade),
    ...changes.flatMap(removeNetwork),
  ];
}

function createNetwork(change: Change): Step[] {
  if (change.kind !== 'add' || change.to.kind !== 'engine-network') return [];
  const lines = [printChange(change)];
  return [
    {
      do: networkAction('create-network', change.to),
      undo: networkAction('remove-network', change.to),
      lines,
    },
  ];
}

function removeNetwork(change: Change): Step[] {
  if (change.kind !== 'remove' || change.from.kind !== 'engine-network') return [];
  const lines = [printChange(change)];
  return [
    {
      do: networkAction('remove-network', change.from),
      undo: networkAction('create-network', change.from),
      lines,
    },
  ];
}

function networkAction(kind: 'create-network' | 'remove-network', network: EngineNetwork): Action {
  return { ...network, kind };
}

function setMasquerade(change: Change): Step[] {
  const to = masqueradeAfter(change);
  if (!to) return [];
  const { kind: _, enabled, ...where } = to;
  const action = { kind: 'set-masquerade', ...where } as const;
  return [
    { do: { ...action, enabled }, undo: { ...action, enabled: !enabled }, lines: [printChange(change)] },
  ];
}

/** One that goes with its network is given back first: when that is undone, it is off again. */
function masqueradeAfter(change: Change): EngineMasquerade | undefined {
  if (change.kind === 'add') return undefined;
  const object = change.kind === 'change' ? change.to : change.from;
  if (object.kind !== 'engine-masquerade') return undefined;
  return change.kind === 'change' ? object : { ...object, enabled: !object.enabled };
}
