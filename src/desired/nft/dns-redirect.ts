/** DNS redirection: sends all DNS queries of containers to the name server of the file. */
import {
  type Address,
  type Family,
  families,
  type Subnet,
  familyOf,
  shortSubnet,
} from '../../address/cidr.ts';
import { ofFamily } from '../addresses.ts';
import type { NodeNetwork } from '../../topology/role.ts';
import type { Facts, NetworkFacts } from '../../state/facts.ts';
import { factsOf } from '../engines/network-facts.ts';
import { chain } from './chain.ts';
import { ipKeyword } from './ip-keyword.ts';
import type { Redirect, DesiredObject } from '../redirect.ts';
import { isRedirected } from './subnet-sets.ts';

/** before DNAT of other programs (-100), because the first NAT decision is final, and before our marks */
const beforeDstnat = -150;

/** @returns nothing if no network of the file has `dns:` */
export function dnsRedirectChains(
  networks: readonly NodeNetwork[],
  redirects: readonly Redirect[],
  facts: Facts,
): DesiredObject[] {
  const dnsRules = networks.flatMap((network) =>
    engineQueriesGateway(network, factsOf(network, facts)) ? [] : dnsRedirects(network),
  );
  if (dnsRules.length === 0) return [];
  const redirectedFamilies = families.filter((family) => dnsRules.some((one) => one.family === family));
  return [
    chain(
      'dns',
      ['udp dport 53 jump resolve', 'tcp dport 53 jump resolve'],
      'find DNS queries of containers',
      { type: 'nat', hook: 'prerouting', priority: beforeDstnat },
    ),
    chain(
      'resolve',
      [
        ...redirectedFamilies.flatMap((family) => containerExemptions(family, redirects)),
        ...dnsRules.map(({ rule }) => rule),
      ],
      'redirect DNS queries to the name server of the file',
    ),
  ];
}

/**
 * Whether the engine's name server queries only the gateway itself, a neighbour: then container names keep working. Its
 * queries to any other server would bypass the gateway, with the host's address.
 */
export function engineQueriesGateway(network: NodeNetwork, found: NetworkFacts | undefined): boolean {
  const upstreams = found?.nameServer?.upstreams ?? [];
  return (
    upstreams.length > 0 &&
    upstreams.every((address) => network.nextHops.includes(address) && network.nameServers?.includes(address))
  );
}

interface DnsRedirect {
  readonly family: Family;
  readonly rule: string;
}

function dnsRedirects({ subnets, blocked, nameServers = [] }: NodeNetwork): DnsRedirect[] {
  return subnets.flatMap((subnet) => {
    const family = familyOf(subnet);
    const [to] = ofFamily(nameServers, family);
    return to === undefined || blocked.includes(family) ? [] : [{ family, rule: dnsRule(subnet, to) }];
  });
}

function dnsRule(subnet: Subnet, to: Address): string {
  const ip = ipKeyword(familyOf(subnet));
  return `${ip} saddr ${shortSubnet(subnet)} dnat ${ip} to ${to}`;
}

/** Exempts queries to other containers, which may be name servers, but not to local addresses of the bridge. */
function containerExemptions(family: Family, redirects: readonly Redirect[]): string[] {
  const own = redirects.filter((redirect) => redirect.family === family);
  return isRedirected(family, 'destination', own).map(
    (destination) => `${destination} fib daddr type != local return`,
  );
}
