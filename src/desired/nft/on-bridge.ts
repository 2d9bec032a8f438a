/** nft sets of subnets with their bridges, and matches that look up an address together with the ingress bridge. */
import { type Family, type Subnet, shortSubnet } from '../../address/cidr.ts';
import {
  type BridgedRedirect,
  type DesiredObject,
  type Redirect,
  isBridged,
  subnetsOf,
} from '../redirect.ts';
import { type Field, type SubnetElement, elementSets, isIn, isNotIn, jumpByMap } from './subnet-sets.ts';

/** Subnets with a known bridge. */
export function bridgedSubnets(family: Family, redirects: readonly Redirect[]): readonly Subnet[] {
  return subnetsOf(redirects.filter((redirect) => redirect.family === family && isBridged(redirect)));
}

export function bridgeSets(family: Family, redirects: readonly Redirect[]): DesiredObject[] {
  const options = { type: typeOf(family), why: 'subnets and their bridges' };
  return elementSets(ownSet(family), pairsOnBridge(redirects), options);
}

/** Maps from subnet and bridge to a chain. */
export function bridgeMaps(
  family: Family,
  redirects: readonly Redirect[],
  chainOf: (subnet: Subnet) => string,
): DesiredObject[] {
  const elements = pairsOnBridge(redirects).map((pair) => ({ ...pair, chain: chainOf(pair.subnet) }));
  const why = 'chain that marks the packets of each subnet, by bridge';
  return elementSets(bridgedMap(family), elements, { type: typeOf(family), why });
}

/** Jumps to the chain of a packet's source subnet and ingress bridge. */
export function jumpByBridge(family: Family, redirects: readonly Redirect[]): string[] {
  return jumpByMap({ ...ownSets(family, redirects), name: bridgedMap(family) }, 'source');
}

/** Match for an address in a subnet of the ingress bridge; one for each prefix length. */
export function isOfBridge(family: Family, field: Field, redirects: readonly Redirect[]): string[] {
  return isIn(ownSets(family, redirects), field);
}

/** Match for an address in none of its subnets. */
export function isNotOfBridge(family: Family, field: Field, redirects: readonly Redirect[]): string {
  return isNotIn(ownSets(family, redirects), field);
}

/** nft set elements for other subnets on a network's bridge. */
export function otherSubnetElements({ otherBridgeSubnets, bridge }: BridgedRedirect): string[] {
  return otherBridgeSubnets.map((subnet) => `${shortSubnet(subnet)} . "${bridge}"`);
}

function pairsOnBridge(redirects: readonly Redirect[]): SubnetElement[] {
  return redirects
    .filter(isBridged)
    .flatMap(({ bridge, subnets }) => subnets.map((subnet) => ({ subnet, extraKey: `"${bridge}"` })));
}

function ownSets(family: Family, redirects: readonly Redirect[]) {
  return { family, name: ownSet(family), subnets: bridgedSubnets(family, redirects), extraKey: 'iifname' };
}

function ownSet(family: Family): string {
  return `own${family}`;
}

function bridgedMap(family: Family): string {
  return `bridged${family}`;
}

function typeOf(family: Family): string[] {
  return [`ipv${family}_addr`, 'ifname'];
}
