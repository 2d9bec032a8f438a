/**
 * A pool of labelled networks on its node, with `unlabelled: block`: everything in it is closed, also before any program
 * has seen a new network. A labelled network is opened by its own redirect, whose rules come first.
 */
import {
  type Address,
  type Family,
  type Subnet,
  contains,
  isLinkLocal,
  withoutHostBits,
} from '../../address/cidr.ts';
import type { Facts, Link } from '../../state/facts.ts';
import type { HostRole } from '../../topology/role.ts';
import { addressOf, ofFamily } from '../addresses.ts';
import { typesToOtherHosts } from '../checks/node-refusals.ts';
import type { NodeRedirect, Redirect } from '../redirect.ts';
import { bridgesWithOtherPorts } from '../engines/bridge.ts';
import { defaultRoutersOf } from '../routing/return-paths.ts';
import type { RoleResult } from './role.ts';

/** @param networks redirects of the networks of this host */
export function poolRedirects(
  { pool }: Pick<HostRole, 'pool'>,
  family: Family,
  networks: readonly Redirect[],
  facts: Facts,
): RoleResult {
  const subnets = ofFamily(pool?.subnets ?? [], family);
  if (pool?.unlabelled !== 'block' || subnets.length === 0) return nothing;
  const redirected = new Set(networks.flatMap((one) => (one.kind === 'node' ? (one.bridge ?? []) : [])));
  const bridges = facts.links.filter((link) => isInPool(link, pool.subnets) && !redirected.has(link.name));
  return {
    redirects: [
      closed('pool', family, subnets, facts, { isPool: true }),
      ...bridges.flatMap((link) => closedBridge(link, family, facts)),
    ],
    refusals: subnets.flatMap((subnet) => poolRefusals(subnet, pool.subnets, facts)),
    notReady: [],
  };
}

const nothing: RoleResult = { redirects: [], refusals: [], notReady: [] };

/** A bridge with one subnet in a pool is closed with all of its subnets. */
function isInPool({ type, addresses }: Link, pools: readonly Subnet[]): boolean {
  return (
    type === 'bridge' && addresses.some((prefix) => pools.some((pool) => contains(pool, addressOf(prefix))))
  );
}

function closedBridge(
  { name, addresses, advertised = [] }: Link,
  family: Family,
  facts: Facts,
): NodeRedirect[] {
  const own = ofFamily(addresses, family).filter(
    (prefix) => !isLinkLocal(addressOf(prefix)) && !advertised.includes(prefix),
  );
  const subnets = [...new Set(own.map(withoutHostBits))];
  return subnets.length === 0 ? [] : [closed(`bridge ${name}`, family, subnets, facts, { bridge: name })];
}

function closed(
  name: string,
  family: Family,
  subnets: readonly Subnet[],
  facts: Facts,
  more: Pick<NodeRedirect, 'bridge' | 'isPool'>,
): NodeRedirect {
  return {
    kind: 'node',
    name,
    family,
    subnets,
    // Engines choose no subnet for a new network to which table main has a route.
    external: true,
    otherBridgeSubnets: [],
    direct: [],
    masqueradeDirect: false,
    inbound: [],
    defaultRouters: defaultRoutersOf([], family, facts),
    ...more,
  };
}

/** Closing a pool that has others than containers would cut them off. @param pools all of this host, of both families */
function poolRefusals(pool: Subnet, pools: readonly Subnet[], facts: Facts): RoleResult['refusals'] {
  const hint = 'narrow the pool to subnets that only containers have, or write `unlabelled: leave`';
  const bridgesOut = bridgesToOthers(pools, facts);
  const leadsOut = ({ name, type }: Link): boolean =>
    typesToOtherHosts.has(type) ||
    bridgesOut.has(name) ||
    facts.defaultHops.some(({ device }) => device === name);
  const links = facts.links.filter(leadsOut).flatMap(({ name, addresses }) => {
    const own = addresses.map(addressOf).find((address) => contains(pool, address));
    return own === undefined ? [] : [onOtherLink(name, own)];
  });
  const route = facts.foreignRoutes.find(
    ({ destination, via }) => via !== undefined && contains(pool, destination),
  );
  return [
    ...links.map((what) => ({ message: `pool ${pool}: ${what}`, hint })),
    ...(route
      ? [{ message: `pool ${pool}: this host has a route to ${route.destination} via ${route.via}`, hint }]
      : []),
  ];
}

/** Bridges with a port that is no container's, or with a route by a host that is none: closing one may lock somebody out. */
function bridgesToOthers(pools: readonly Subnet[], facts: Facts): ReadonlySet<string> {
  return new Set([
    ...bridgesWithOtherPorts(facts),
    ...facts.foreignRoutes.flatMap(({ via, device }) =>
      via === undefined ||
      device === undefined ||
      isLinkLocal(via) ||
      pools.some((pool) => contains(pool, via))
        ? []
        : [device],
    ),
  ]);
}

function onOtherLink(name: string, own: Address): string {
  return `${name} has ${own}, and leads to other hosts`;
}
