/** Questions for names: to whom they go, whoever the containers ask. */
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

/** Before any dstnat of others (-100): the first NAT decision is final. Our marks come behind: an exception counts by where a question goes. */
const beforeDstnat = -150;

/** The chains that turn them; none where no network of the file says whom to ask. */
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
 * The engine's name server asks the gateway itself, which is a neighbour: no other way leads there, and the names of
 * containers keep being known. Whomever else it asks, it does so past the gateway, with the host's address.
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

/** One of them may answer questions itself. The bridge's own addresses are in the same subnet, and local. */
function otherContainers(family: Family, redirects: readonly Redirect[]): string[] {
  const ofFamily = redirects.filter((redirect) => redirect.family === family);
  return isRedirected(family, 'destination', ofFamily).map(
    (destination) => `${destination} fib daddr type != local return`,
  );
}
