/** Verifies a gateway host: packets from a served subnet leave by the uplink, and only there. */
import { type Address, type Family, contains, familyOf, prefixLength } from '../address/cidr.ts';
import { readLinks } from '../host/ip/links.ts';
import type { Facts, Link } from '../state/facts.ts';
import type { MemberGateway, ServedSubnet } from '../topology/role.ts';
import { type LiveHost, type Sender, forwardingObstacles } from './live-host.ts';
import type { Expectation } from './probe/observation.ts';
import type { Check, CheckSubject } from './report.ts';
import { runProbes } from './probe/run-probes.ts';
import { retryWhileBusy, inTemporaryNamespace } from './namespace/temporary-namespace.ts';
import type { ProbeTargets } from './verify-network.ts';
import { egressOn } from './judge/egress.ts';

/**
 * Sends from this host alone, without the node: from a temporary namespace with the network address of the subnet
 * (10.89.4.0), which no container gets; with IPv6, that is the anycast address of routers. Its host route in the main
 * table returns replies, and passes every mode of rp_filter.
 */
export async function verifyServed(
  host: LiveHost,
  facts: Facts,
  gateway: MemberGateway,
  served: ServedSubnet,
  to: ProbeTargets,
): Promise<Check[]> {
  const { subnet } = served;
  const about = servedSubject(gateway, served);
  const obstacle = obstacleOf(served);
  if (obstacle) return [{ ...about, check: 'path', ok: 'not-checked', evidence: obstacle }];
  const address = subnet.split('/')[0] ?? '';
  return retryWhileBusy(() =>
    inTemporaryNamespace(host, address, { kind: 'route' }, (sender) =>
      sendFrom(host, facts, gateway, about, sender, to),
    ),
  );
}

export function servedSubject({ name }: MemberGateway, { subnet, node }: ServedSubnet): CheckSubject {
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
  about: CheckSubject,
  sender: Sender,
  { targets, replyExpected }: ProbeTargets,
): Promise<Check[]> {
  const links = await readLinks(host.exec);
  const expectation = {
    ...expectationOf(facts, links, gateway, sender.source),
    obstacles: [
      ...(await forwardingObstacles(host, sender)),
      `a firewall may accept the node's link only, and not ${sender.ingress ?? 'that device'}`,
    ],
    replyExpected,
  };
  const expected = targets.map((target) => ({ target, expectation }));
  return runProbes(host, about, sender, links, expected);
}

export function expectationOf(
  facts: Facts,
  links: readonly Link[],
  { name, uplink, snat }: MemberGateway,
  source: Address,
): Pick<Expectation, 'egresses' | 'egressName' | 'problems' | 'sources'> {
  const exists = links.some((link) => link.name === uplink.device);
  return {
    egresses: exists ? [egressOn(links, uplink.device, ofFamily(source, uplink.via ?? [])[0])] : [],
    egressName: `the uplink of gateway ${name}`,
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

/** Source addresses that masquerade may choose: those of the uplink, or of any link when the uplink has none. */
function ownAddresses(facts: Facts, device: string, family: Family): Address[] {
  const usable = (addresses: readonly string[]): Address[] =>
    addresses.map((address) => address.split('/')[0] ?? '').filter((one) => isUsable(one, family));
  const onDevice = facts.links
    .filter(({ name }) => name === device)
    .flatMap((link) => usable(link.addresses));
  return onDevice.length > 0 ? onDevice : facts.links.flatMap((link) => usable(link.addresses));
}

/** A link-local address is not a usable source beyond the link. */
function isUsable(address: Address, family: Family): boolean {
  return familyOf(address) === family && !contains('fe80::/10', address);
}
