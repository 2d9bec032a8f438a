/** What a read has found closed, waiting or silent, with what it is about. Pure. */
import { networkText } from '../desired/engines/obstacles.ts';
import type { NotReady } from '../desired/redirect.ts';
import { notReadyText } from '../plan/not-ready.ts';
import type { Plan } from '../plan/step.ts';
import type { HostRole } from '../topology/role.ts';
import type { Report } from './event/agent-event.ts';

export function reportsOf(
  { notReady, waiting, warnings }: Pick<Plan, 'notReady' | 'waiting' | 'warnings'>,
  role: Pick<HostRole, 'networks' | 'gateways'>,
  silent: readonly Report[] = [],
): readonly Report[] {
  const subjects = notReady.length === 0 ? new Map<string, Subject>() : subjectsOf(role);
  return [
    ...notReady.map((one) => ({ text: notReadyText(one), ...subjects.get(one.what) })),
    ...waiting.map((text) => ({ text })),
    ...warnings.flatMap(({ ofLabel, message }) => (ofLabel ? { text: message } : [])),
    ...silent,
  ];
}

type Subject = Pick<Report, 'network' | 'gateway'>;

/** By the words of `NotReady.what`. */
function subjectsOf({
  networks,
  gateways,
}: Pick<HostRole, 'networks' | 'gateways'>): ReadonlyMap<NotReady['what'], Subject> {
  const names = [...networks.map(({ gateway }) => gateway), ...gateways.map(({ name }) => name)];
  return new Map<string, Subject>([
    ...names.flatMap((gateway): [string, Subject][] =>
      [`gateway ${gateway}`, `published ports of gateway ${gateway}`].map((what) => [what, { gateway }]),
    ),
    ...gateways.flatMap(({ served }) =>
      served.map(({ network, node }): [string, Subject] => [`network ${network} on ${node}`, { network }]),
    ),
    ...networks.map((one): [string, Subject] => [networkText(one), { network: one.name }]),
  ]);
}
