/** Warns that nobody probes the members of a gateway. */
import type { Facts } from '../../../state/facts.ts';
import type { FailoverGateway } from '../../../topology/role.ts';
import type { Warning } from '../../redirect.ts';

/** Gateways with networks that may leave directly have a warning of their own. */
export function probes(
  gateways: readonly Pick<FailoverGateway, 'name' | 'balance' | 'leaveDirectly'>[] = [],
  { agent }: Pick<Facts, 'agent'>,
): Warning[] {
  if (agent !== undefined) return [];
  return gateways.flatMap(({ name, balance, leaveDirectly }) => {
    if (leaveDirectly) return [];
    const key = balance ? '`mode: balance`' : '`check:`';
    const stays = balance
      ? 'those in use stay, also when they fail'
      : 'the one in use stays, also when it fails';
    return [
      {
        message: `gateway ${name}: nobody probes its members, since the agent, which ${key} needs, does not run on this host: ${stays}`,
        hint: '`mustredirect agent` runs it, `mustredirect install --agent` at every start',
      },
    ];
  });
}
