/** Resets connections that cannot continue, before closing chains drop their packets. */
import type { Flows } from '../kinds/flows/schema.ts';
import type { HostObject } from '../kinds/index.ts';
import { hasContainers, isClosing, resetObjects } from './closing.ts';
import { type NftObject, changeTable, isNftObject, replaceTable } from './nft-text.ts';
import type { Step } from './step.ts';

/** nft text that resets connections during undo; undefined when they are closed already, or our table is absent. */
export function resetText(actual: readonly HostObject[], flows: readonly Flows[]): string | undefined {
  const before = actual.filter(isNftObject);
  if (before.length === 0 || before.some(isClosing)) return undefined;
  return changeTable(before, [...before, ...resetObjects(flows, hasContainers(before))]);
}

/** First step of a plan: any later step may remove the route that the packets of these connections take. */
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
      // The union step replaces these chains by the closing chains.
      closes: true,
      lines: [],
    },
  ];
}
