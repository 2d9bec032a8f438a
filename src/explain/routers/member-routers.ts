/** A member that does not run mustredirect: it speaks with the nodes, and with its upstream router if the file says so. */
import { type Family, anywhere, families, familyOf, isLinkLocal } from '../../address/cidr.ts';
import { ofFamily } from '../../desired/addresses.ts';
import { privateAs } from '../../desired/bird/lan-bgp.ts';
import { lanArea } from '../../desired/bird/lan-ospf.ts';
import { secretsOf } from '../../desired/bird/secrets.ts';
import { announcedStatically, metricOf } from '../../desired/bird/upstream.ts';
import { MustredirectError } from '../../error.ts';
import type { BgpRouting, OspfRouting, Uplink } from '../../spec/spec.ts';
import { addressIn } from '../../topology/routed-gateways.ts';
import type { HostRole, RoutedGateway, RoutedUplink } from '../../topology/role.ts';
import { type OspfLink, type OwnRoute, type Router, type Session, servedFamilies, words } from './router.ts';

/** One for each gateway with a routing protocol of which the host is a member. @throws when there is none */
export function memberRouters(role: HostRole): Router[] {
  const members = (role.routed ?? []).filter(({ side }) => side === 'member');
  if (members.length > 0) return members.map((gateway) => memberRouter(role, gateway));
  throw new MustredirectError('usage', `the file gives ${role.host} no gateway with a routing protocol`, {
    hint: '--host names a member of a gateway that has `routing:`, or `routing:` in its uplink',
  });
}

function memberRouter(role: HostRole, gateway: RoutedGateway): Router {
  const { host, addresses } = role;
  const { name, uplink, sessions: own } = gateway;
  const plain = role.gateways.find((one) => one.name === name)?.uplink;
  const served = servedFamilies(gateway);
  const id = addresses.find((one) => familyOf(one) === 4);
  return {
    title: `${host}, a member of gateway ${name} that does not run mustredirect`,
    notes: [
      'its own default route is that of its uplink; `render` prints SNAT and published ports as a shell script',
      ...(own?.protocol === 'ospf'
        ? [`replace ${words.device} by the interface that leads to the nodes`]
        : []),
      ...secretsOf(gateway)
        .map(({ file }) => `replace ${words.password} by the password in ${file}`)
        .slice(0, 1),
    ],
    ...(id === undefined ? {} : { id }),
    sessions: [
      ...(own?.protocol === 'bgp' ? nodeSessions(gateway, own) : []),
      ...(uplink ? upstreamSessions(gateway, uplink, served) : []),
    ],
    links: [
      ...(own?.protocol === 'ospf' ? [nodeLink(gateway, own, served)] : []),
      ...(uplink ? upstreamLinks(gateway, uplink, served, plain?.tunnel !== undefined) : []),
    ],
    routes: served.flatMap((family) => ownRoutes(gateway, plain, family)),
  };
}

function nodeSessions({ name, peers }: RoutedGateway, { port, bfd }: BgpRouting): Session[] {
  return families.flatMap((family) =>
    peers.flatMap((node) => {
      const peer = addressIn(node, family);
      const accepted = ofFamily(node.subnets, family);
      if (peer === undefined || accepted.length === 0) return [];
      return {
        name: `${name}_${node.host}_${family}`,
        description: `mustredirect: gateway ${name}, node ${node.host}`,
        family,
        as: privateAs,
        peerAs: privateAs,
        peer,
        port,
        passive: false,
        ttlSecurity: true,
        ...(bfd ? { bfd } : {}),
        accepted,
        announced: [anywhere[family]],
      };
    }),
  );
}

function nodeLink(
  { name, peers, position = 0 }: RoutedGateway,
  { hello, dead, passwordFile, bfd }: OspfRouting,
  served: readonly Family[],
): OspfLink {
  return {
    name: `${name}_nodes`,
    description: `mustredirect: gateway ${name}, nodes`,
    device: words.device,
    families: served,
    area: lanArea,
    hello,
    dead,
    cost: 10,
    pointToPoint: false,
    ttlSecurity: true,
    ...(passwordFile === undefined ? {} : { password: words.password }),
    ...(bfd ? { bfd } : {}),
    accepted: peers.flatMap(({ subnets }) => subnets),
    announced: served.map((family) => anywhere[family]),
    metric: metricOf(position),
  };
}

function upstreamSessions(
  { name }: RoutedGateway,
  { routing, announced, position }: RoutedUplink,
  served: readonly Family[],
): Session[] {
  if (routing.protocol !== 'bgp') return [];
  const { as, peerAs, neighbors, passwordFile, bfd } = routing;
  return served.flatMap((family) =>
    ofFamily(neighbors, family).map((peer) => ({
      name: `${name}_upstream_${family}`,
      description: `mustredirect: gateway ${name}, upstream router`,
      family,
      as,
      peerAs,
      peer,
      port: 179,
      passive: false,
      ttlSecurity: false,
      ...(passwordFile === undefined ? {} : { password: words.password }),
      ...(bfd ? { bfd } : {}),
      accepted: [anywhere[family]],
      announced: ofFamily(announced, family),
      med: metricOf(position),
    })),
  );
}

function upstreamLinks(
  { name }: RoutedGateway,
  { routing, device, announced, position }: RoutedUplink,
  served: readonly Family[],
  pointToPoint: boolean,
): OspfLink[] {
  if (routing.protocol !== 'ospf') return [];
  const { area, hello, dead, cost, passwordFile, bfd } = routing;
  return [
    {
      name: `${name}_upstream`,
      description: `mustredirect: gateway ${name}, upstream router`,
      device,
      families: served,
      area,
      hello,
      dead,
      cost,
      pointToPoint,
      ...(passwordFile === undefined ? {} : { password: words.password }),
      ...(bfd ? { bfd } : {}),
      accepted: served.map((family) => anywhere[family]),
      announced,
      metric: metricOf(position),
    },
  ];
}

/** Its default, where no upstream router gives one; ways back, where no node announces them; and SNAT addresses. */
function ownRoutes(gateway: RoutedGateway, uplink: Uplink | undefined, family: Family): OwnRoute[] {
  const { peers, sessions } = gateway;
  const back = sessions
    ? []
    : peers.flatMap((node) => {
        const hop = addressIn(node, family);
        return hop === undefined
          ? []
          : ofFamily(node.subnets, family).map((subnet) => ({ subnet, via: hop }));
      });
  const known = new Set(back.map(({ subnet }) => subnet));
  return [
    ...(gateway.uplink || !uplink ? [] : [{ subnet: anywhere[family], ...hopOf(uplink, family) }]),
    ...back,
    ...announcedStatically(gateway, family)
      .filter((subnet) => !known.has(subnet))
      .map((subnet) => ({ subnet })),
  ];
}

function hopOf({ device, via = [] }: Uplink, family: Family): Omit<OwnRoute, 'subnet'> {
  const hop = via.find((one) => familyOf(one) === family);
  if (hop === undefined) return { device };
  return isLinkLocal(hop) ? { via: hop, device } : { via: hop };
}
