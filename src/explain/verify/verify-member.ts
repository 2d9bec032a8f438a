/** On a member of a gateway: what comes from a served subnet leaves by the uplink, and nowhere else. */
import { type Address, type Subnet, familyOf, prefixLength } from '../../address/cidr.ts';
import { readLinks } from '../../host/ip-links.ts';
import type { Facts, Link } from '../../state/facts.ts';
import type { MemberGateway, ServedSubnet } from '../../topology/role.ts';
import { type LiveHost, type Place, forwardingObstacles } from './live-host.ts';
import type { Expectation } from './observation.ts';
import type { Check } from './report.ts';
import { runProbes } from './run-probes.ts';
import { whenFree, withTemporaryPlace } from './temporary-place.ts';
import type { Aim } from './verify-network.ts';
import { wayOn } from './way.ts';

/**
 * Nothing is asked of a node: the packets come from a namespace for the moment that has the address of the
 * subnet itself (10.89.4.0), which no container ever gets. Its /32 on the main table brings the answers
 * back, and makes the address a right one for every mode of rp_filter.
 */
export async function verifyServed(
  host: LiveHost,
  facts: Facts,
  gateway: MemberGateway,
  { subnet, node }: ServedSubnet,
  aim: Aim,
): Promise<Check[]> {
  const subject = `gateway ${gateway.name}, ${subnet} of ${node}`;
  const obstacle = obstacleOf(subnet);
  if (obstacle) return [{ subject, check: 'path', ok: 'not-checked', evidence: obstacle }];
  const address = subnet.split('/')[0] ?? '';
  return whenFree(() =>
    withTemporaryPlace(host, address, { kind: 'route' }, (place) =>
      sendFrom(host, facts, gateway, subject, place, aim),
    ),
  );
}

function obstacleOf(subnet: Subnet): string | undefined {
  if (familyOf(subnet) === 6) return 'IPv6 cannot be verified yet';
  if (prefixLength(subnet) > 30) return `${subnet} has no address that is not a container's`;
  return undefined;
}

async function sendFrom(
  host: LiveHost,
  facts: Facts,
  gateway: MemberGateway,
  subject: string,
  place: Place,
  { targets, answered }: Aim,
): Promise<Check[]> {
  const links = await readLinks(host.exec);
  const expectation = {
    ...expectationOf(facts, links, gateway, place.source),
    obstacles: [
      ...(await forwardingObstacles(host, place)),
      `a firewall may let in the node's link alone, and not ${place.entry ?? 'that device'}`,
    ],
    answered,
  };
  const expected = targets.map((target) => ({ target, expectation }));
  return runProbes(host, subject, place, links, expected);
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
          ? ownAddresses(facts, uplink.device)
          : ofFamily(source, snat),
  };
}

function ofFamily(source: Address, addresses: readonly Address[]): Address[] {
  return addresses.filter((address) => familyOf(address) === familyOf(source));
}

/** What masquerade may choose: an address of the uplink, or of any link when the uplink has none. */
function ownAddresses(facts: Facts, device: string): Address[] {
  const onDevice = facts.links.filter(({ name, addresses }) => name === device && addresses.some(isIpv4));
  const links = onDevice.length > 0 ? onDevice : facts.links;
  return links.flatMap(({ addresses }) => addresses.filter(isIpv4).map((one) => one.split('/')[0] ?? ''));
}

function isIpv4(address: string): boolean {
  return familyOf(address) === 4;
}
