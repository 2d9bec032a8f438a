/** Sysctls of conntrack that a flow log needs. Conntrack counts, and knows the begin, of flows that begin later. */
import type { Facts } from '../../state/facts.ts';
import { flowAccountingNames } from '../../state/settings.ts';
import type { HostRole } from '../../topology/role.ts';
import type { DesiredObject } from '../redirect.ts';

/**
 * With `nf_conntrack_events` at 2, its default, a flow that begins while nobody listens has no event when it ends: the
 * flow log would not hear of it after a restart of the agent. [measured on 6.18]
 */
const reasons: Readonly<Record<keyof typeof flowAccountingNames, string>> = {
  acct: 'count packets and bytes of flows for the flow log',
  timestamp: 'know when flows began, for the flow log',
  events: 'hear of the end of every flow, for the flow log',
};

/** Only those that the kernel has now: conntrack may not be loaded yet. */
export function flowAccounting(
  { gateways }: Pick<HostRole, 'gateways'>,
  { sysctls, ledger }: Facts,
): DesiredObject[] {
  const isLogged = gateways.some(({ flowLog }) => flowLog);
  return Object.entries(flowAccountingNames).flatMap(([key, name]) => {
    const value = isLogged ? '1' : ledger.sysctls[name];
    if (value === undefined || !(name in sysctls)) return [];
    const why = isLogged ? reasons[key as keyof typeof reasons] : 'restore the original value';
    return [{ object: { kind: 'sysctl', name, value }, why }];
  });
}
