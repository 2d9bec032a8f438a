/** Expected results for packets, derived from the file alone, without rules, tables or chains. */
import type { Family } from '../../src/address/cidr.ts';
import { addressesOf } from '../../src/lab/layout.ts';
import {
  type GatewayName,
  type NetworkName,
  type Settings,
  familiesOf,
  networksOf,
  places,
  portsOf,
  snatOf,
} from './settings.ts';

/** Packet of a container. */
export interface Probe {
  readonly family: Family;
  readonly from: NetworkName;
  readonly to: string;
  readonly proto: 'tcp' | 'udp' | 'icmp';
  readonly port?: number;
}

export interface GatewayEgress {
  readonly by: GatewayName | 'direct' | 'gateway itself';
  /** destination after DNS queries are redirected */
  readonly to: string;
  /** source seen outside */
  readonly source: string;
}

const protocols = [
  { proto: 'tcp', port: 80 },
  { proto: 'tcp', port: 81 },
  { proto: 'udp', port: 53 },
  { proto: 'udp', port: 5000 },
  { proto: 'icmp' },
] as const;

export function probesOf(settings: Settings): Probe[] {
  return familiesOf(settings).flatMap((family) => {
    const { outside, inNarrow, inApart, inWithin } = places[family];
    return networksOf(settings).flatMap((from) =>
      [outside, inNarrow, inApart, inWithin].flatMap((to) =>
        protocols.map((one) => ({ family, from, to, ...one })),
      ),
    );
  });
}

export function exitOf(settings: Settings, probe: Probe): GatewayEgress {
  const { family, from } = probe;
  const turned = { ...probe, to: resolverOf(settings, probe) };
  const source = places[family].targets[from];
  if (turned.to === addressesOf(family).gw1) return { by: 'gateway itself', to: turned.to, source };
  const by = from === 'web' ? webBy(settings, turned) : postBy(settings, turned);
  if (by === 'direct') return { by, to: turned.to, source: addressesOf(family).node1 };
  return { by, to: turned.to, source: sourceOf(settings, by, probe) };
}

/** A DNS query goes to the resolver of the file, for any destination. */
function resolverOf({ dns }: Settings, { family, to, port }: Probe): string {
  if (port !== 53 || dns === 'engine') return to;
  return dns === 'gateway' ? addressesOf(family).gw1 : places[family].resolver;
}

/** Priority: longest prefix, then ports, then protocol. */
function webBy({ routes, direct }: Settings, { family, to, proto, port }: Probe): GatewayName | 'direct' {
  const { inApart, inNarrow, inWithin } = places[family];
  if (direct === 'apart' && to === inApart) return 'direct';
  if (direct === 'within' && to === inWithin) return 'direct';
  switch (routes) {
    case 'none':
      return 'b';
    case 'port':
      return proto === 'tcp' && port === 81 ? 'c' : 'b';
    case 'destination':
      return to === inNarrow || to === inWithin ? 'c' : 'b';
    case 'icmp':
      return proto === 'icmp' ? 'c' : 'b';
    case 'tcp, but one port':
      return proto === 'tcp' && port !== 81 ? 'c' : 'b';
  }
}

function postBy({ post }: Settings, { proto }: Probe): GatewayName {
  if (post === 'by b') return 'b';
  return post === 'by c, udp by b' && proto === 'udp' ? 'b' : 'c';
}

function sourceOf(settings: Settings, gateway: GatewayName, { family, from }: Probe): string {
  const snat = snatOf(settings, gateway);
  if (snat === 'masquerade') return addressesOf(family).uplink;
  return snat === 'none' ? places[family].targets[from] : places[family].snat[gateway];
}

/** Connection from outside. */
export interface Call {
  readonly family: Family;
  readonly to: string;
  readonly port: number;
}

export function callsOf(settings: Settings): Call[] {
  return familiesOf(settings).flatMap((family) =>
    [addressesOf(family).uplink, places[family].snat.b, places[family].snat.c].flatMap((to) =>
      [8080, 8081].map((port) => ({ family, to, port })),
    ),
  );
}

/** Container that the connection reaches on port 80. */
export function targetOfCall(settings: Settings, { family, to, port }: Call): string | undefined {
  const found = portsOf(settings).find(
    (one) => one.port === port && to === publishedAt(settings, one.gateway, family),
  );
  return found && places[family].targets[found.gateway === 'b' ? 'web' : 'post'];
}

/** The port is published on the gateway's snat address, else on the uplink's own. */
function publishedAt(settings: Settings, gateway: GatewayName, family: Family): string {
  return snatOf(settings, gateway) === gateway ? places[family].snat[gateway] : addressesOf(family).uplink;
}

/** Expected first message when the file is invalid. */
export function mistakeOf(settings: Settings): RegExp | undefined {
  const ports = portsOf(settings);
  const leavesByC = settings.post === 'by c' || settings.post === 'by c, udp by b';
  if (ports.some(({ gateway }) => gateway === 'c') && !leavesByC) return /is in no network that leaves by c/;
  const own = snatOf(settings, 'b') === 'b' && snatOf(settings, 'c') === 'c';
  if (settings.publish === 'one port' && !own) {
    return /port 8080 of tcp IPv\d on uplink0 of gw1 is published by gateway b already \(line \d+\)/;
  }
  return undefined;
}
