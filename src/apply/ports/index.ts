/** Port of each kind of action, by action name. */
import type { Action } from '../../kinds/action.ts';
import { masqueradePort } from './engine-masquerade.ts';
import { networkPort } from './engine-network.ts';
import { forgetPort, openPort, resetPort } from './flows.ts';
import { ipPort } from './ip-batch.ts';
import { iptablesPort } from './iptables-rule.ts';
import { nftPort } from './nft-table.ts';
import type { Port } from './port.ts';
import { routingDaemonPort } from './routing-daemon.ts';
import { sysctlPort } from './sysctl.ts';
import { tunnelPort } from './tunnel.ts';

type Ports = { readonly [Name in Action['kind']]: Port<Extract<Action, { kind: Name }>> };

const all = {
  ip: ipPort,
  nft: nftPort,
  'insert-iptables-rule': iptablesPort,
  'delete-iptables-rule': iptablesPort,
  sysctl: sysctlPort,
  tunnel: tunnelPort,
  'routing-daemon': routingDaemonPort,
  'create-network': networkPort,
  'remove-network': networkPort,
  'set-masquerade': masqueradePort,
  'forget-flows': forgetPort,
  'reset-connections': resetPort,
  open: openPort,
} as const satisfies Ports;

export const ports = new Map<string, Port<Action>>(
  Object.entries(all as unknown as Record<string, Port<Action>>),
);

export function portOf({ kind }: Action): Port<Action> {
  const found = ports.get(kind);
  if (!found) throw new Error(`no port: ${kind}`);
  return found;
}
