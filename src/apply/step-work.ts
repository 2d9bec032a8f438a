/** A step, for somebody who waits for it. */
import type { Work } from '../host/progress.ts';
import type { Action } from '../plan/action.ts';
import type { Step } from '../plan/step.ts';

/** @param index the first is 0 */
export function stepWork(step: Step, index: number, of: number): Work {
  const objects = objectsIn(step.do);
  return {
    what: workOf(step.do),
    part: { name: 'step', number: index + 1, of },
    ...(objects > 1 ? { objects } : {}),
  };
}

function workOf(action: Action): string {
  switch (action.kind) {
    case 'ip':
      return `writing IPv${action.family} rules, routes and policies`;
    case 'nft':
      return 'writing nft';
    case 'insert-iptables-rule':
    case 'delete-iptables-rule':
      return 'writing iptables';
    case 'sysctl':
      return 'writing sysctls';
    case 'create-network':
      return `making ${action.engine} network ${action.name}`;
    case 'remove-network':
      return `removing ${action.engine} network ${action.name}`;
    case 'set-masquerade':
      return `writing ${action.file}`;
    case 'forget-flows':
      return 'forgetting flows';
    case 'reset-connections':
      return 'ending connections';
    case 'open':
      return 'forgetting flows, then letting them through';
  }
}

function objectsIn(action: Action): number {
  switch (action.kind) {
    case 'ip':
      return action.lines.length;
    case 'nft':
      // One to a line, or one after the other in braces. It is for the eye: what else has a comma counts as well.
      return action.text.split(/[,\n]/).length - 1;
    case 'forget-flows':
    case 'reset-connections':
    case 'open':
      return action.flows.length;
    case 'sysctl':
      return Object.keys(action.values).length;
    case 'insert-iptables-rule':
    case 'delete-iptables-rule':
    case 'create-network':
    case 'remove-network':
    case 'set-masquerade':
      return 1;
  }
}
