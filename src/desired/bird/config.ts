/**
 * Configuration of our BIRD. Equal input gives equal text, and the text of a session depends on nothing but its own
 * gateway and peer: a change elsewhere does not reset it.
 */
import { families } from '../../address/cidr.ts';
import type { Bfd } from '../../spec/spec.ts';
import type { Facts } from '../../state/facts.ts';
import type { HostRole, RoutedGateway } from '../../topology/role.ts';
import type { Numbers } from '../allocate/numbers.ts';
import { linkNamed } from '../routing/neighbours.ts';
import { block, inner } from './block.ts';
import { memberBlocks } from './member.ts';
import { nodeBlocks } from './node.ts';
import { lanLink } from './lan-ospf.ts';
import { routerId } from './router-id.ts';
import { secretsOf } from './secrets.ts';
import { bfdLines } from './lan-bgp.ts';

export function birdConfig(role: HostRole, numbers: Numbers, facts: Pick<Facts, 'links'>): string {
  const { host, addresses, routed = [] } = role;
  return [
    '# Written by mustredirect: it is replaced at every change.',
    'log "bird.log" 1048576 "bird.log.old" { info, remote, warning, error, auth, fatal, bug };',
    `router id ${routerId(host, addresses)};`,
    ...routed.flatMap(secretsOf).map(({ name }) => `include "${name}";`),
    '',
    block('protocol device', ['scan time 10;']),
    ...bfdBlock(role, facts),
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
    return families.flatMap((family) => nodeBlocks(gateway, family, addresses, kernelTable, facts));
  const uplink = gateways.find(({ name }) => name === gateway.name)?.uplink ?? { device: '' };
  const device = linkNamed(uplink.device, facts) ?? { addresses: [], ethernet: true };
  const link = { uplink, device, kernelTable, facts };
  return families.flatMap((family) => memberBlocks(gateway, family, addresses, link));
}

/** OSPF takes the times of its link from here; BGP has them in each session. */
function bfdBlock({ routed = [], addresses }: HostRole, facts: Pick<Facts, 'links'>): string[] {
  if (!routed.some(({ sessions, uplink }) => sessions?.bfd ?? uplink?.routing.bfd)) return [];
  const lines = routed.flatMap(({ sessions, uplink }) => [
    ...(uplink?.routing.protocol === 'ospf' ? linkLines(uplink.device, uplink.routing.bfd) : []),
    ...(sessions?.protocol === 'ospf' ? lanLines(addresses, sessions.bfd, facts) : []),
  ]);
  return [block('protocol bfd', ['strict bind yes;', 'accept direct;', ...lines])];
}

/** Both families are on one device, as a rule. */
function lanLines(
  addresses: HostRole['addresses'],
  bfd: Bfd | undefined,
  facts: Pick<Facts, 'links'>,
): string[] {
  const devices = new Set(addresses.flatMap((address) => lanLink(address, facts)?.name ?? []));
  return [...devices].flatMap((device) => linkLines(device, bfd));
}

function linkLines(device: string, bfd: Bfd | undefined): string[] {
  return bfd ? inner(`interface "${device}"`, bfdLines(bfd)) : [];
}
