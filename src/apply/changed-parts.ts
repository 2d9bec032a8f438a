/** Parts of a host that the steps of a plan change: the others need not be read again to see whether it is as wanted. Pure. */
import { type HostPart, hostParts } from '../inspect/host-parts.ts';
import type { Action } from '../kinds/action.ts';
import type { Plan } from '../plan/step.ts';

export function changedParts({ steps }: Pick<Plan, 'steps'>): readonly HostPart[] {
  return [...new Set(steps.flatMap((step) => partsOf(step.do)))];
}

/** By the first word of a line for `ip`. */
const partOfLine = new Map<string, HostPart>([
  ['rule', 'rules'],
  ['route', 'routes'],
  ['xfrm', 'policies'],
]);

function partsOf(action: Action): readonly HostPart[] {
  if (action.kind === 'forget-flows') return [];
  if (action.kind === 'nft' || action.kind === 'open' || action.kind === 'reset-connections') return ['nft'];
  // Forwarding, links and engines: what follows from them may be anywhere.
  if (action.kind !== 'ip') return hostParts;
  const words = new Set(action.lines.map((line) => line.slice(0, line.indexOf(' '))));
  return [...words].flatMap((word) => partOfLine.get(word) ?? hostParts);
}
