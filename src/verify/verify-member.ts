/** On a member of a gateway: what comes from a served subnet leaves by the uplink, and nowhere else. */
import { type Address, type Family, contains, familyOf, prefixLength } from '../address/cidr.ts';
import { readLinks } from '../host/ip/links.ts';
import type { Facts, Link } from '../state/facts.ts';
import type { MemberGateway, ServedSubnet } from '../topology/role.ts';
import { type LiveHost, type Place, forwardingObstacles } from './live-host.ts';
import type { Expectation } from './probe/observation.ts';
import type { Check, Subject } from './report.ts';
import { runProbes } from './probe/run-probes.ts';
import { whenFree, withTemporaryPlace } from './place/temporary-place.ts';
import type { Aim } from './verify-network.ts';
import { wayOn } from './judge/egress.ts';

/**
 * Nothing is asked of a node: the packets come from a temporary namespace that has the address of the
 * subnet itself (10.89.4.0), which no container ever gets: of IPv6 it is the anycast address of routers. Its
 * route on the main table brings the answers back, and makes the address a right one for every mode of rp_filter.
 */
export async function verifyServed(
  host: LiveHost,
  facts: Facts,
  gateway: MemberGateway,
  served: ServedSubnet,
  aim: Aim,
): Promise<Check[]> {
  const { subnet } = served;
  const about = subjectOfServed(gateway, served);
  const obstacle = obstacleOf(served);
  if (obstacle) return [{ ...about, check: 'path', ok: 'not-checked', evidence: obstacle }];
  const address = subnet.split('/')[0] ?? '';
  return whenFree(() =>
    withTemporaryPlace(host, address, { kind: 'route' }, (place) =>
      sendFrom(host, facts, gateway, about, place, aim),
    ),
  );
}

export function subjectOfServed({ name }: MemberGateway, { subnet, node }: ServedSubnet): Subject {
  return { subject: `gateway ${name}, ${subnet} of ${node}`, family: familyOf(subnet) };
}

function obstacleOf({ network, subnet, routes }: ServedSubnet): string | undefined {
  if (routes)
    return `this host is several gateways of ${network}: its routes decide which one a packet takes`;
  if (prefixLength(subnet) > (familyOf(subnet) === 4 ? 30 : 126))
    return `${subnet} has no address that is not a container's`;
  return undefined;
}

async function sendFrom(
  host: LiveHost,
  facts: Facts,
  gateway: MemberGateway,
  about: Subject,
  place: Place,
  { targets, answered }: Aim,
): Promise<Check[]> {
  const links = await readLinks(host.exec);
  const expectation = {
    ...expectationOf(facts, links, gateway, place.source),
    obstacles: [
      ...(await forwardingObstacles(host, place)),
      `a firewall may accept the node's link only, and not ${place.entry ?? 'that device'}`,
    ],
    answered,
  };
  const expected = targets.map((target) => ({ target, expectation }));
  return runProbes(host, about, place, links, expected);
}

export function expectationOf(
  facts: Facts,
  links: readonly Link[],
  { name, uplink, snat }: MemberGateway,
  source: Address,
): Pick<Expectation, 'ways' | 'wayName' | 'problems' | 'sources'> {
  const exists = links.some((link) => link.name === uplink.device);
  return {
    ways: exists ? [wayOn(links, uplink.device, ofFamily(source, uplink.via ?? [])[0])] : [],
    wayName: `the uplink of gateway ${name}`,
    problems: exists ? [] : [`${uplink.device}: no such link`],
    sources:
      snat === 'none'
        ? [source]
        : snat === 'masquerade'
          ? ownAddresses(facts, uplink.device, familyOf(source))
          : ofFamily(source, snat),
  };
}

function ofFamily(source: Address, addresses: readonly Address[]): Address[] {
  return addresses.filter((address) => familyOf(address) === familyOf(source));
}

/** What masquerade may choose: an address of the uplink, or of any link when the uplink has none. */
function ownAddresses(facts: Facts, device: string, family: Family): Address[] {
  const usable = (addresses: readonly string[]): Address[] =>
    addresses.map((address) => address.split('/')[0] ?? '').filter((one) => isUsable(one, family));
  const onDevice = facts.links
    .filter(({ name }) => name === device)
    .flatMap((link) => usable(link.addresses));
  return onDevice.length > 0 ? onDevice : facts.links.flatMap((link) => usable(link.addresses));
}

/** A link-local address is no source for what goes on beyond the link. */
function isUsable(address: Address, family: Family): boolean {
  return familyOf(address) === family && !contains('fe80::/10', address);
}
