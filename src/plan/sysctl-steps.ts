/** Settings of the kernel that we share with others. */
import type { Sysctl } from '../state/objects.ts';
import type { Change } from './compare.ts';
import { printChange } from './print.ts';
import type { Step } from './step.ts';

/**
 * @param which forwarding is switched on when everything is in place, and given back when all of ours that
 *   packets could still go by is gone
 */
export function sysctlSteps(changes: readonly Change[], which: 'first' | 'restore'): Step[] {
  return changes.flatMap((change): Step[] => {
    if (change.kind !== 'change' || change.to.kind !== 'sysctl' || change.from.kind !== 'sysctl') return [];
    const { from, to } = change;
    if ((to.value === '0') !== (which === 'restore')) return [];
    return [
      {
        do: { kind: 'sysctl', values: written(to) },
        undo: { kind: 'sysctl', values: written(from) },
        lines: [printChange(change)],
      },
    ];
  });
}

function written({ name, value, alongside }: Sysctl): Record<string, string> {
  return { [name]: value, ...alongside };
}
