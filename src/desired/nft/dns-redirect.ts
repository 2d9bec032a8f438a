/** DNS redirection: sends DNS queries of containers to the name server of the file, whatever server they address. */
import {
  type Address,
  type Family,
  families,
  type Subnet,
  familyOf,
  shortSubnet,
} from '../../address/cidr.ts';
import type { NodeNetwork } from '../../topology/role.ts';
import type { Facts, NetworkFacts } from '../../state/facts.ts';
import { factsOf } from '../engines/network-facts.ts';
import { word } from './word.ts';
import type { Redirect, DesiredObject } from '../redirect.ts';
import { isRedirected } from './subnet-sets.ts';

/** Before DNAT of other programs (-100): the first NAT decision is final. Our marks come after it, and use the new destination. */
const beforeDstnat = -150;

/** The chains that redirect queries; none if no network of the file has `dns:`. */
export function questionChains(
  networks: readonly NodeNetwork[],
  redirects: readonly Redirect[],
  facts: Facts,
): DesiredObject[] {
  const turned = networks.flatMap((network) =>
    isAskedByEngine(network, factsOf(network, facts)) ? [] : turnsOf(network),
  );
  if (turned.length === 0) return [];
  const turnedFamilies = families.filter((family) => turned.some((one) => one.family === family));
  return [
    {
      object: {
        kind: 'nft-chain',
        name: 'questions',
        hook: { type: 'nat', hook: 'prerouting', priority: beforeDstnat },
        rules: ['udp dport 53 jump resolve', 'tcp dport 53 jump resolve'],
      },
      why: 'find DNS queries of containers',
    },
    {
      object: {
        kind: 'nft-chain',
        name: 'resolve',
        rules: [
          ...turnedFamilies.flatMap((family) => otherContainers(family, redirects)),
          ...turned.map(({ rule }) => rule),
        ],
      },
      why: 'redirect DNS queries to the name server of the file',
    },
  ];
}

/**
 * Whether the engine's name server queries the gateway itself. The gateway is a neighbour, so no other path exists, and container
 * names keep working. Queries to any other server leave past the gateway, with the host's address.
 */
export function isAskedByEngine(network: NodeNetwork, found: NetworkFacts | undefined): boolean {
  const asks = found?.nameServer?.asks ?? [];
  return (
    asks.length > 0 &&
    asks.every((address) => network.nextHops.includes(address) && network.nameServers?.includes(address))
  );
}

interface Turn {
  readonly family: Family;
  readonly rule: string;
}

function turnsOf({ subnets, blocked, nameServers = [] }: NodeNetwork): Turn[] {
  return subnets.flatMap((subnet) => {
    const family = familyOf(subnet);
    const to = nameServers.find((address) => familyOf(address) === family);
    return to === undefined || blocked.includes(family) ? [] : [{ family, rule: turn(subnet, to) }];
  });
}

function turn(subnet: Subnet, to: Address): string {
  const ip = word(familyOf(subnet));
  return `${ip} saddr ${shortSubnet(subnet)} dnat ${ip} to ${to}`;
}

/** Exempts queries to other containers, which may be name servers. The bridge's own addresses are in the same subnet, but local. */
function otherContainers(family: Family, redirects: readonly Redirect[]): string[] {
  const ofFamily = redirects.filter((redirect) => redirect.family === family);
  return isRedirected(family, 'destination', ofFamily).map(
    (destination) => `${destination} fib daddr type != local return`,
  );
}
