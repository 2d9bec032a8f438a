/**
 * Configuration of our BIRD. Equal input gives equal text, and the text of a session depends on nothing but its own
 * gateway and peer: a change elsewhere does not reset it.
 */
import { families, familyOf } from '../../address/cidr.ts';
import type { Facts } from '../../state/facts.ts';
import type { HostRole, RoutedGateway } from '../../topology/role.ts';
import type { Numbers } from '../allocate/numbers.ts';
import { linkNamed } from '../routing/neighbours.ts';
import { block, inner } from './block.ts';
import { memberBlocks } from './member.ts';
import { fnv, secretName } from './names.ts';
import { nodeBlocks } from './node.ts';
import { bfdLines } from './session.ts';

export function birdConfig(role: HostRole, numbers: Numbers, facts: Pick<Facts, 'links'>): string {
  const { host, addresses, routed = [] } = role;
  const secrets = routed.filter(({ uplink }) => uplink?.routing.passwordFile !== undefined);
  return [
    '# Written by mustredirect: it is replaced at every change.',
    'log "bird.log" 1048576 "bird.log.old" { info, remote, warning, error, auth, fatal, bug };',
    `router id ${routerId(host, addresses)};`,
    ...secrets.map(({ name }) => `include "${secretName(name)}";`),
    '',
    block('protocol device', ['scan time 10;']),
    ...bfdBlock(routed),
    ...routed.flatMap((gateway) => gatewayBlocks(gateway, role, numbers, facts)),
  ].join('\n');
}

function gatewayBlocks(
  gateway: RoutedGateway,
  { addresses, gateways }: HostRole,
  numbers: Numbers,
  facts: Pick<Facts, 'links'>,
): string[] {
  const kernelTable = numbers.gateways[gateway.name]?.table ?? 0;
  if (gateway.side === 'node')
    return families.flatMap((family) => nodeBlocks(gateway, family, addresses, kernelTable));
  const uplink = gateways.find(({ name }) => name === gateway.name)?.uplink ?? { device: '' };
  const device = linkNamed(uplink.device, facts) ?? { addresses: [], ethernet: true };
  const link = { uplink, device, kernelTable };
  return families.flatMap((family) => memberBlocks(gateway, family, addresses, link));
}

/** OSPF takes the times of its link from here; BGP has them in each session. */
function bfdBlock(routed: readonly RoutedGateway[]): string[] {
  if (!routed.some(({ sessions, uplink }) => sessions?.bfd ?? uplink?.routing.bfd)) return [];
  const links = routed.flatMap(({ uplink }) =>
    uplink?.routing.protocol === 'ospf' && uplink.routing.bfd
      ? inner(`interface "${uplink.device}"`, bfdLines(uplink.routing.bfd))
      : [],
  );
  return [block('protocol bfd', ['strict bind yes;', 'accept direct;', ...links])];
}

/** Any number that no other host has: an IPv4 address, or a digest of the host's name. */
function routerId(host: string, addresses: HostRole['addresses']): string {
  const address = addresses.find((one) => familyOf(one) === 4);
  if (address !== undefined) return address;
  // 0.0.0.0 is no router id.
  const hash = fnv(host) | 1;
  return [24, 16, 8, 0].map((shift) => (hash >>> shift) & 0xff).join('.');
}
