/** A node's part: its containers' packets go to the gateway. */
import {
  type Address,
  contains,
  type Family,
  type Subnet,
  familyOf,
  mergeSubnets,
  sortSubnets,
} from '../../address/cidr.ts';
import type { NodeNetwork } from '../../topology/role.ts';
import type { Facts, Hop, Link } from '../../state/facts.ts';
import { type ForwardObstacle, type Passage, forwardObstacles } from '../checks/forward-policy.ts';
import { bridgeOf } from '../engines/bridge.ts';
import { type NetworkState, inFamily, whatOf } from '../engines/obstacles.ts';
import { inboundLinks } from '../engines/answers.ts';
import { factsOf } from '../engines/network-facts.ts';
import { hopsTowards, linkTowards } from '../routing/neighbours.ts';
import { gatewayObstacles, subnetRefusals } from '../checks/node-refusals.ts';
import type { Numbers } from '../allocate/numbers.ts';
import { othersOnBridge } from '../engines/own-subnets.ts';
import { type NotReady, type Redirect, type Refusal, closedRedirect } from '../redirect.ts';
import type { RoleContext, RoleResult } from './role.ts';
import { nodeRoutes } from '../routing/policy-routes.ts';
import { closedDefault, openDefault } from '../routing/routes.ts';

/** @param state what is known of the network as a whole */
export function nodeRedirect(state: NetworkState, family: Family, context: RoleContext): RoleResult {
  const { network } = state;
  const { facts, numbers, closing } = context;
  const common: Redirect = {
    ...closedRedirect(whatOf(network), family, ofFamily(network.subnets, family)),
    ...bridgeOfRedirect(state, family, facts),
    local: true,
    inbound: inboundLinks(network, family, facts),
    // Where a mark steers, no route closes it: what comes for its containers must not go on by a default route.
    ...(network.engine === 'external'
      ? { routeless: true, defaultRouters: ofFamilyHops(facts, family) }
      : {}),
  };
  if (!isOpen(network, family)) return closedNetwork(state, common, facts);
  const [known] = inFamily(state.obstacles, family);
  if (known) return closedNetwork(state, { ...common, notReady: known.message }, facts);
  const refusals = refusalsOf(network, common, common.subnets, facts);
  const towards = towardsGateway(network, common, facts);
  const { first, all, isShared } = wayObstacles(network, common, towards, facts);
  if (!first || closing) {
    const { ways, notReady } = openWays(network, common, towards, context);
    return { redirects: [{ ...common, ...ways }], refusals, notReady: [...notReady, ...all] };
  }
  const closed = { ...common, notReady: first.message };
  const redirect = isShared ? closed : { ...closed, ...closedWays(network, family, numbers) };
  return { redirects: [redirect], refusals, notReady: all };
}

/** With the subnets that the network has on this host, whatever the file says. */
function closedNetwork({ network, others }: NetworkState, common: Redirect, facts: Facts): RoleResult {
  const { family } = common;
  const ownOnes = [
    ...ofFamily(factsOf(network, facts)?.subnets ?? [], family),
    ...others.filter((one) => one.family === family).flatMap(({ subnets }) => subnets),
  ];
  const ofFile = common.subnets;
  if (!others.some((one) => one.family === family)) {
    const subnets = union(ofFile, ownOnes);
    const refusals = refusalsOf(network, common, subnets, facts);
    return { redirects: [{ ...common, subnets }], refusals, notReady: [] };
  }
  // What the file says may be somebody else's by now. That keeps nothing of the network itself from being closed.
  const still = ofFile.filter((subnet) => refusalsOf(network, common, [subnet], facts).length === 0);
  return { redirects: [{ ...common, subnets: union(still, ownOnes) }], refusals: [], notReady: [] };
}

function ofFamilyHops({ defaultHops }: Facts, family: Family): Hop[] {
  return defaultHops.filter(({ via }) => familyOf(via) === family);
}

function refusalsOf(
  network: NodeNetwork,
  { bridge }: Redirect,
  subnets: readonly Subnet[],
  facts: Facts,
): Refusal[] {
  return subnets.flatMap((subnet) => subnetRefusals(network, subnet, bridge, facts));
}

function union(some: readonly Subnet[], others: readonly Subnet[]): Subnet[] {
  const all = [...new Set([...some, ...others])];
  const isIn = (one: Subnet, other: Subnet): boolean => one !== other && contains(other, one);
  return sortSubnets(all.filter((one) => !all.some((other) => isIn(one, other))));
}

function ofFamily(subnets: readonly Subnet[], family: Family): Subnet[] {
  return subnets.filter((subnet) => familyOf(subnet) === family);
}

type Ways = Pick<Redirect, 'steer' | 'routed' | 'routes' | 'direct' | 'masqueradeDirect' | 'hops'>;

/** The way to the gateway of one family. */
interface Towards {
  readonly via?: Address | undefined;
  readonly link?: Link | undefined;
}

function towardsGateway(network: NodeNetwork, { family, subnets }: Redirect, facts: Facts): Towards {
  const [via] = ofFamily(network.nextHops, family);
  return via === undefined ? {} : { via, link: linkTowards(via, facts, subnets) };
}

/** @returns with what is closed of other gateways that routes lead to */
function openWays(
  network: NodeNetwork,
  { family, subnets }: Redirect,
  { via, link }: Towards,
  context: RoleContext,
): { readonly ways: Ways; readonly notReady: readonly NotReady[] } {
  const { gateway } = network;
  const { facts, numbers } = context;
  const { steer, routes } = closedWays(network, family, numbers);
  const others = nodeRoutes(network, family, subnets, context);
  // Of a network with routes they are among those.
  const direct = network.routes ? [] : mergeSubnets(ofFamily(network.direct, family));
  const open =
    via === undefined || !link
      ? []
      : [openDefault(family, steer.table, { via, device: link.name }, `gateway ${gateway} is at ${via}`)];
  const ways = {
    steer,
    routes: [...routes, ...open, ...others.tables],
    ...(others.routed ? { routed: others.routed } : {}),
    direct,
    masqueradeDirect: (direct.length > 0 || others.hasDirect) && isSwitchedOff(network, facts),
    hops: hopsTowards(ofFamily(network.nextHops, family), subnets, facts),
  };
  return { ways, notReady: others.notReady };
}

/** What stays when nothing may leave: all layers of the network, and a table without a way out. */
function closedWays(
  { name, gateway }: NodeNetwork,
  family: Family,
  numbers: Numbers,
): Required<Pick<Redirect, 'steer' | 'routes'>> {
  const table = numbers.gateways[gateway]?.table ?? 0;
  const steer = { gateway, table, why: `every packet of ${name} goes to gateway ${gateway}` };
  return { steer, routes: [closedDefault(family, table, gateway)] };
}

interface WayObstacles {
  /** the first: why nothing may leave */
  readonly first?: NotReady | undefined;
  /** of published ports, too, which close nothing else */
  readonly all: readonly NotReady[];
  /** other networks may leave by the gateway's table all the same */
  readonly isShared: boolean;
}

function wayObstacles(
  network: NodeNetwork,
  { name, family, subnets, bridge }: Redirect,
  { via, link }: Towards,
  facts: Facts,
): WayObstacles {
  const obstacle =
    (what: string) =>
    ({ message, hint }: Refusal): NotReady => ({ what, family, message, hint });
  const towards = via === undefined ? [] : gatewayObstacles(network, via, link, facts.links);
  const forward = forwardOf(network, subnets, { inner: bridge, outer: link?.name }, facts);
  const stopped = forward.filter((one) => one.subnets.length > 0);
  const uncalled = forward.filter((one) => one.subnets.length === 0);
  const closing = [...towards, ...stopped].map(obstacle(name));
  return {
    first: closing[0],
    all: [...closing, ...uncalled.map(obstacle(`published ports of ${name}`))],
    isShared: stopped.length > 0 || subnets.some((subnet) => via !== undefined && contains(subnet, via)),
  };
}

/** Other engines accept their containers' packets themselves, when one is started. */
function forwardOf(
  network: NodeNetwork,
  subnets: readonly Subnet[],
  devices: Pick<Passage, 'inner' | 'outer'>,
  facts: Facts,
): readonly ForwardObstacle[] {
  if (network.engine !== 'external') return [];
  const passages = subnets.map((subnet) => ({
    subnet,
    ...devices,
    called: (network.called ?? []).some(({ to }) => contains(subnet, to)),
  }));
  return forwardObstacles(whatOf(network), passages, facts.forwardFilters);
}

function bridgeOfRedirect(
  state: NetworkState,
  family: Family,
  facts: Facts,
): Pick<Redirect, 'otherBridgeSubnets'> & { readonly bridge?: string } {
  const bridge = bridgeOf(state.network, facts);
  if (bridge === undefined) return { otherBridgeSubnets: [] };
  return { bridge, otherBridgeSubnets: othersOnBridge(state, bridge, family, facts) };
}

/** A family that is blocked, or that the file does not mention, goes nowhere. */
function isOpen({ subnets, blocked }: NodeNetwork, family: Family): boolean {
  return !blocked.includes(family) && subnets.some((subnet) => familyOf(subnet) === family);
}

/** Whether the engine's masquerade would be on, had we not switched it off, or were we not about to. */
function isSwitchedOff(network: NodeNetwork, facts: Facts): boolean {
  const { engine, name } = network;
  const found = factsOf(network, facts);
  const kept = facts.ledger.networks.find((n) => n.engine === engine && n.name === name);
  return found?.masquerade?.enabled === true || kept?.edited !== undefined || found?.masqueraded === true;
}
