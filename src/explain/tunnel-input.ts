/** Input chains of other programs that drop the packets of a tunnel, or accept them only as replies. */
import { familyOf } from '../address/cidr.ts';
import { type Packet, hooksFamily, mayPass } from '../desired/checks/forward-policy.ts';
import { encapsulationOf } from '../host/ip/encapsulations.ts';
import type { OuterPath } from '../host/ip/outer-path.ts';
import type { TunnelDevice } from '../host/ip/tunnel-devices.ts';
import type { ForwardFilter } from '../state/facts.ts';
import type { MemberGateway } from '../topology/role.ts';
import type { Finding } from './doctor.ts';

/** @param filters chains of hook input with policy drop */
export function droppedByInput(
  { name }: Pick<MemberGateway, 'name'>,
  tunnel: TunnelDevice,
  path: OuterPath,
  filters: readonly ForwardFilter[],
): Finding[] {
  const { device, remote } = tunnel;
  const { name: packets, protocols } = encapsulationOf(tunnel);
  const [proto = 0] = protocols;
  return filters
    .filter((filter) => hooksFamily(filter, familyOf(remote)))
    .flatMap((filter) => {
      const passes = (state: string): boolean =>
        mayPass(filter, { ...packetOf(tunnel, path), proto: String(proto), state });
      // A peer with a session answers every two minutes at least, while there is traffic.
      if (passes('new') || (tunnel.wireguard && passes('established'))) return [];
      const chain = `chain ${filter.chain} of nft table ${filter.family} ${filter.table}`;
      const what = `${packets} packets of ${remote} for its tunnel ${device}`;
      return [
        {
          problem: passes('established')
            ? `gateway ${name}: ${chain} accepts ${what} only as replies: after some minutes without a packet from this end, those of the far end are dropped`
            : `gateway ${name}: ${chain} has policy drop, and drops ${what}`,
          remedy: `accept them there: \`${acceptCommand(filter, remote, protocols)}\``,
        },
      ];
    });
}

function packetOf({ local, remote }: TunnelDevice, path: OuterPath): Packet {
  const length = familyOf(remote) === 4 ? 32 : 128;
  const source = local ?? ('error' in path ? undefined : path.source);
  return {
    from: `${remote}/${length}`,
    ...(source === undefined ? {} : { to: `${source}/${length}` }),
    ...('error' in path ? {} : { in: path.device }),
  };
}

function acceptCommand(
  { family, table, chain }: ForwardFilter,
  remote: string,
  protocols: readonly number[],
): string {
  const six = familyOf(remote) === 6;
  if (family !== 'inet' && table === 'filter' && chain === 'INPUT') {
    const program = six ? 'ip6tables' : 'iptables';
    return protocols.map((one) => `${program} -I INPUT -s ${remote} -p ${one} -j ACCEPT`).join(' && ');
  }
  const from = `${six ? 'ip6' : 'ip'} saddr ${remote}`;
  const proto = protocols.length > 1 ? `{ ${protocols.join(', ')} }` : protocols.join();
  return `nft insert rule ${family} ${table} ${chain} ${from} meta l4proto ${proto} accept`;
}
