/** Role of a host as a node. */
import type { Address, Subnet } from '../address/cidr.ts';
import type { IndexedSpec, NamedNetwork } from './indexed-spec.ts';
import type { InboundPort, NodeNetwork, Routes } from './role.ts';

export function nodeNetworks(spec: IndexedSpec, host: string): NodeNetwork[] {
  return (spec.networksAt.get(host) ?? []).map((named) => {
    const { name, network } = named;
    const subnets = network.subnets[host] ?? [];
    const inboundPorts = inboundPortsOf(spec, named, subnets);
    const mtus = (spec.gateways.get(network.via)?.gateway.members ?? []).flatMap(
      ({ uplink }) => uplink.mtu ?? [],
    );
    return {
      name,
      engine: network.engine,
      subnets,
      direct: network.direct,
      blocked: network.blocked,
      gateway: network.via,
      nextHops: nextHopsOf(spec, network.via),
      ...(network.dns === undefined ? {} : { nameServers: nameServersOf(spec, named) }),
      ...(network.dns === 'gateway' ? { asksGateway: true } : {}),
      ...(inboundPorts.length > 0 ? { inboundPorts } : {}),
      ...(network.bridge === undefined ? {} : { bridge: network.bridge }),
      ...(network.whenDown === undefined ? {} : { whenDown: network.whenDown }),
      ...(network.acceptReplies ? { acceptReplies: true } : {}),
      ...(network.byLabel ? { byLabel: true } : {}),
      ...(mtus.length > 0 ? { uplinkMtu: Math.min(...mtus) } : {}),
      ...(network.routes ? { routes: routesOf(spec, named) } : {}),
    };
  });
}

/** Addresses of the preferred member; other members get no DNS queries. */
function nameServersOf({ gateways, hosts }: IndexedSpec, { network }: NamedNetwork): readonly Address[] {
  const { dns, via } = network;
  if (dns !== 'gateway') return dns ?? [];
  const [first] = gateways.get(via)?.gateway.members ?? [];
  return first ? (hosts[first.host] ?? []) : [];
}

function inboundPortsOf(
  spec: IndexedSpec,
  { gatewayNames }: NamedNetwork,
  subnets: readonly Subnet[],
): InboundPort[] {
  return gatewayNames.flatMap((name) => {
    const gateway = spec.gateways.get(name);
    if (!gateway) return [];
    return gateway
      .portsTo(subnets)
      .map(({ proto, to, toPort }) => ({ proto, to, toPort, from: gateway.memberAddresses }));
  });
}

function nextHopsOf({ gateways }: IndexedSpec, gateway: string): readonly Address[] {
  return gateways.get(gateway)?.memberAddresses ?? [];
}

function routesOf(spec: IndexedSpec, { gatewayNames, ranked }: NamedNetwork): Routes {
  const others = gatewayNames.slice(1);
  return {
    selectors: { 4: ranked(4), 6: ranked(6) },
    nextHops: Object.fromEntries(others.map((gateway) => [gateway, nextHopsOf(spec, gateway)])),
  };
}
