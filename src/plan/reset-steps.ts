/** Connections that cannot go on are ended, before what they go by is closed. */
import type { Flows } from '../kinds/flows/schema.ts';
import type { HostObject } from '../kinds/index.ts';
import { hasContainers, isClosing, resetObjects } from './closing.ts';
import { type NftObject, changeTable, isNftObject, replaceTable } from './nft-text.ts';
import type { Step } from './step.ts';

/** Makes connections of flows end while a run is undone; nothing where they are closed already, or nothing of ours is there. */
export function resetText(actual: readonly HostObject[], flows: readonly Flows[]): string | undefined {
  const before = actual.filter(isNftObject);
  if (before.length === 0 || before.some(isClosing)) return undefined;
  return changeTable(before, [...before, ...resetObjects(flows, hasContainers(before))]);
}

/** The first step: while anything else of a run is done, packets of these flows may have lost their old way. */
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
      // The step that closes takes away what this one has added.
      closes: true,
      lines: [],
    },
  ];
}
