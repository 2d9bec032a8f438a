/** Redirect of a network on its node: packets of its containers go to the gateway. */
import {
  type Address,
  contains,
  type Family,
  type Subnet,
  mergeSubnets,
  sortSubnets,
} from '../../address/cidr.ts';
import { isOpen, ofFamily } from '../addresses.ts';
import type { NodeNetwork } from '../../topology/role.ts';
import type { Facts, Link } from '../../state/facts.ts';
import { type ForwardObstacle, type ForwardPath, forwardObstacles } from '../checks/forward-policy.ts';
import { bridgeOf } from '../engines/bridge.ts';
import { type NetworkState, inFamily, networkText } from '../engines/obstacles.ts';
import { inboundLinks } from '../engines/inbound-links.ts';
import { factsOf } from '../engines/network-facts.ts';
import { hopsTowards, linkTowards } from '../routing/neighbours.ts';
import { gatewayObstacles, subnetRefusals } from '../checks/node-refusals.ts';
import type { Numbers } from '../allocate/numbers.ts';
import { otherBridgeSubnetsOf } from '../engines/own-subnets.ts';
import type { NodeRedirect, NotReady, Redirect, Refusal, Steer } from '../redirect.ts';
import type { RoleContext, RoleResult } from './role.ts';
import { nodeRoutes } from '../routing/policy-routes.ts';
import { defaultRoutersOf } from '../routing/return-paths.ts';
import { closedDefault, openDefault } from '../routing/routes.ts';

export function nodeRedirect(state: NetworkState, family: Family, context: RoleContext): RoleResult {
  const { network } = state;
  const { facts, numbers, closing } = context;
  const external = network.engine === 'external';
  const blocked: NodeRedirect = {
    kind: 'node',
    name: networkText(network),
    family,
    subnets: ofFamily(network.subnets, family),
    external,
    ...bridgeOfRedirect(state, family, facts),
    direct: [],
    masqueradeDirect: false,
    inbound: inboundLinks(network, family, facts),
    // Table main has no unreachable route to an external network: replies to it must not follow a default route.
    defaultRouters: external ? defaultRoutersOf([], family, facts) : [],
  };
  if (!isOpen(network, family)) return closedNetwork(state, blocked, facts);
  const [known] = inFamily(state.obstacles, family);
  if (known) return closedNetwork(state, { ...blocked, notReady: known.message }, facts);
  const refusals = refusalsOf(network, blocked, blocked.subnets, facts);
  const path = pathToGateway(network, blocked, context);
  const { first, all, isTableShared } = egressObstacles(network, blocked, path, context);
  // What keeps packets from the gateway does not matter while they leave directly.
  const leavesDirectly = network.leavesDirectly?.[family] ? ({ leavesDirectly: true } as const) : undefined;
  if (!first || closing || leavesDirectly) {
    const { egress, notReady } = openEgress(network, blocked, path, context);
    const obstacles = leavesDirectly ? [] : all;
    return {
      redirects: [{ ...blocked, ...egress, ...leavesDirectly }],
      refusals,
      notReady: [...notReady, ...obstacles],
    };
  }
  const closed = { ...blocked, notReady: first.message };
  const redirect = isTableShared ? closed : { ...closed, steer: closedSteer(network, family, numbers) };
  return { redirects: [redirect], refusals, notReady: all };
}

/** Closes the subnets of the file, and those that the network actually has on this host. */
function closedNetwork({ network, actual }: NetworkState, blocked: NodeRedirect, facts: Facts): RoleResult {
  const { family } = blocked;
  const differing = actual.filter((one) => one.family === family);
  const found = [
    ...ofFamily(factsOf(network, facts)?.subnets ?? [], family),
    ...differing.flatMap(({ subnets }) => subnets),
  ];
  if (differing.length === 0) {
    const subnets = union(blocked.subnets, found);
    const refusals = refusalsOf(network, blocked, subnets, facts);
    return { redirects: [{ ...blocked, subnets }], refusals, notReady: [] };
  }
  // A subnet of the file may have another owner by now, which must not keep the network itself from being closed.
  const unclaimed = blocked.subnets.filter(
    (subnet) => refusalsOf(network, blocked, [subnet], facts).length === 0,
  );
  return { redirects: [{ ...blocked, subnets: union(unclaimed, found) }], refusals: [], notReady: [] };
}

function refusalsOf(
  network: NodeNetwork,
  { bridge }: NodeRedirect,
  subnets: readonly Subnet[],
  facts: Facts,
): Refusal[] {
  return subnets.flatMap((subnet) => subnetRefusals(network, subnet, bridge, facts));
}

function union(some: readonly Subnet[], others: readonly Subnet[]): readonly Subnet[] {
  const all = [...new Set([...some, ...others])];
  const isIn = (one: Subnet, other: Subnet): boolean => one !== other && contains(other, one);
  return sortSubnets(all.filter((one) => !all.some((other) => isIn(one, other))));
}

type OpenEgress = Required<Pick<NodeRedirect, 'steer' | 'direct' | 'masqueradeDirect'>>;

/** Next hop and link to the gateway. */
interface GatewayPath {
  readonly via?: Address | undefined;
  readonly link?: Link | undefined;
}

/** The first member; where routes are learned, or several members are in use, the first one that is a neighbour. */
function pathToGateway(
  network: NodeNetwork,
  { family, subnets }: Redirect,
  { facts, learned, balances }: RoleContext,
): GatewayPath {
  const hops = ofFamily(network.nextHops, family);
  const isAnyUsed = learned.has(network.gateway) || balances(network.gateway, family);
  const paths = (isAnyUsed ? hops : hops.slice(0, 1)).map((via) => ({
    via,
    link: linkTowards(via, facts, subnets),
  }));
  return paths.find(({ link }) => link && !link.down) ?? paths[0] ?? {};
}

/** @returns notReady for unusable gateways of routes */
function openEgress(
  network: NodeNetwork,
  { family, subnets }: Redirect,
  { via, link }: GatewayPath,
  context: RoleContext,
): { readonly egress: OpenEgress; readonly notReady: readonly NotReady[] } {
  const { gateway } = network;
  const { facts, numbers, learned, balances } = context;
  const steer = closedSteer(network, family, numbers);
  const routes = nodeRoutes(network, family, subnets, context);
  // A network with routes has its direct destinations among them.
  const direct = network.routes ? [] : mergeSubnets(ofFamily(network.direct, family));
  const open =
    via === undefined || !link || learned.has(gateway)
      ? []
      : [openDefault(family, steer.table, { via, device: link.name }, `gateway ${gateway} is at ${via}`)];
  const egress = {
    steer: {
      ...steer,
      balance: balances(gateway, family),
      hops: hopsTowards(ofFamily(network.nextHops, family), subnets, facts),
      routes: [...steer.routes, ...open, ...routes.tables],
      ...(routes.policyRoutes ? { policyRoutes: routes.policyRoutes } : {}),
    },
    direct,
    masqueradeDirect: (direct.length > 0 || routes.hasDirect) && isMasqueradeOff(network, facts),
  };
  return { egress, notReady: routes.notReady };
}

/** Steering into a table without a route to the gateway: all rules and sets stay in place, and nothing leaves. */
function closedSteer({ name, gateway, byLabel }: NodeNetwork, family: Family, numbers: Numbers): Steer {
  const table = numbers.gateways[gateway]?.table ?? 0;
  const why = `every packet of ${name} goes to gateway ${gateway}${byLabel ? ', as its label says' : ''}`;
  return { gateway, table, why, hops: [], devices: [], routes: [closedDefault(family, table, gateway)] };
}

interface EgressObstacles {
  /** the first obstacle that blocks the network */
  readonly first?: NotReady | undefined;
  /** includes obstacles of published ports, which do not block the network */
  readonly all: readonly NotReady[];
  /** the obstacle is this network's own: other networks may use the gateway's table */
  readonly isTableShared: boolean;
}

function egressObstacles(
  network: NodeNetwork,
  { name, family, subnets, bridge }: NodeRedirect,
  { via, link }: GatewayPath,
  { facts, learned }: RoleContext,
): EgressObstacles {
  const obstacle =
    (what: string) =>
    ({ message, hint }: Refusal): NotReady => ({ what, family, message, hint });
  const unreachable = [
    ...(via === undefined ? [] : gatewayObstacles(network, via, link, facts.links)),
    ...(learned.get(network.gateway) ?? []),
  ];
  const forward = forwardOf(network, subnets, { insideDevice: bridge, outsideDevice: link?.name }, facts);
  const dropped = forward.filter((one) => one.subnets.length > 0);
  const publishedOnly = forward.filter((one) => one.subnets.length === 0);
  const closing = [...unreachable, ...dropped].map(obstacle(name));
  return {
    first: closing[0],
    all: [...closing, ...publishedOnly.map(obstacle(`published ports of ${name}`))],
    isTableShared: dropped.length > 0 || subnets.some((subnet) => via !== undefined && contains(subnet, via)),
  };
}

/** All other engines have their own accept rules for started containers. */
function forwardOf(
  network: NodeNetwork,
  subnets: readonly Subnet[],
  devices: Pick<ForwardPath, 'insideDevice' | 'outsideDevice'>,
  facts: Facts,
): readonly ForwardObstacle[] {
  if (network.engine !== 'external') return [];
  const paths = subnets.map((subnet) => ({
    subnet,
    ...devices,
    hasPublished: (network.inboundPorts ?? []).some(({ to }) => contains(subnet, to)),
  }));
  return forwardObstacles(networkText(network), paths, facts.forwardFilters);
}

function bridgeOfRedirect(
  state: NetworkState,
  family: Family,
  facts: Facts,
): Pick<NodeRedirect, 'bridge' | 'otherBridgeSubnets'> {
  const bridge = bridgeOf(state.network, facts);
  if (bridge === undefined) return { otherBridgeSubnets: [] };
  return { bridge, otherBridgeSubnets: otherBridgeSubnetsOf(state, bridge, family, facts) };
}

/** Whether we have disabled the engine's masquerade, or are about to. */
function isMasqueradeOff(network: NodeNetwork, facts: Facts): boolean {
  const found = factsOf(network, facts);
  const kept = facts.ledger.networks.find(
    ({ engine, name }) => engine === network.engine && name === network.name,
  );
  return found?.masquerade?.enabled === true || kept?.edited !== undefined || found?.masqueraded === true;
}
