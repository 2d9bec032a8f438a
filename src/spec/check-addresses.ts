/** Addresses of hosts and gateways: usable, one per family, one host each, outside what is redirected. */
import { type Address, familyOf, findOverlaps, isLinkLocal } from '../address/cidr.ts';
import type { Check, Checked } from './check-context.ts';
import { type PlacedAddress, gatewayAddressesOf, hostAddressesOf, nameServersOf } from './placed.ts';
import { isTooWide, specialRangeOf } from './ranges.ts';
import { type Path, type PlacedProblem, nameText, problemAt } from './tree.ts';

export const checkAddresses: Check = (checked) => {
  const ofHosts = hostAddressesOf(checked.draft);
  const all = [...ofHosts, ...nameServersOf(checked.draft), ...gatewayAddressesOf(checked.draft)];
  return [
    ...all.flatMap((placed) => checkUse(checked, placed)),
    ...checkDuplicates(checked, ofHosts),
    ...checkOnePerFamily(checked),
    ...checkInside(checked, all),
  ];
};

/** A link-local address says nothing without a device: the next hop of an uplink has one. */
function checkUse({ valuePlace }: Checked, { address, path, onLink }: PlacedAddress): PlacedProblem[] {
  const range = specialRangeOf(address);
  if (range === undefined || (onLink && isLinkLocal(address))) return [];
  return [
    problemAt(valuePlace(path), `${address} is ${range}`, 'write the address that other machines reach'),
  ];
}

function checkDuplicates({ valuePlace }: Checked, ofHosts: readonly PlacedAddress[]): PlacedProblem[] {
  const first = new Map<Address, PlacedAddress>();
  return ofHosts.flatMap((placed) => {
    const other = first.get(placed.address);
    if (!other) first.set(placed.address, placed);
    if (!other || other.host === placed.host) return [];
    const message = `${placed.address} is ${other.what} too (line ${valuePlace(other.path).line})`;
    return [problemAt(valuePlace(placed.path), message, 'give each host its own address')];
  });
}

function checkOnePerFamily({ draft, valuePlace }: Checked): PlacedProblem[] {
  return listsOf(draft).flatMap(({ list, path, owner, what, keep }) =>
    list.flatMap((address, i) => {
      const before = list.findIndex((other) => familyOf(other) === familyOf(address));
      if (before === i) return [];
      const message = `${owner} has two IPv${familyOf(address)} ${what}, ${list[before]} and ${address}`;
      return [problemAt(valuePlace([...path, i]), message, `keep the one that ${keep}`)];
    }),
  );
}

interface AddressList {
  readonly list: readonly Address[];
  readonly path: Path;
  readonly owner: string;
  readonly what: string;
  readonly keep: string;
}

function listsOf({ hosts = {}, networks = {}, gateways = {} }: Checked['draft']): AddressList[] {
  const ofHosts = Object.entries(hosts).map(([host, list]) => {
    return { list, path: ['hosts', host], owner: host, what: 'addresses', keep: 'the other hosts route to' };
  });
  const ofGateways = Object.entries(gateways).flatMap(([gateway, { members = [], snat }]) => {
    const path = ['gateways', gateway];
    const nextHops = members.map(({ host, uplink }, i) => ({
      list: uplink?.via ?? [],
      path: [...path, 'members', i, 'uplink', 'via'],
      owner: `the uplink of ${host ?? 'this member'}`,
      what: 'next hops',
      keep: 'leads to the outside',
    }));
    const list = typeof snat === 'object' ? snat : [];
    const keep = 'the world is to see';
    return [...nextHops, { list, path: [...path, 'snat'], owner: gateway, what: 'snat addresses', keep }];
  });
  const ofNetworks = Object.entries(networks).flatMap(([network, { dns }]) => {
    if (typeof dns !== 'object') return [];
    const path = ['networks', network, 'dns'];
    return [{ list: dns, path, owner: network, what: 'name servers', keep: 'it is to ask' }];
  });
  return [...ofHosts, ...ofNetworks, ...ofGateways];
}

/** Packets to an address inside a redirected subnet are for a container. */
function checkInside(
  { draft, subnets, valuePlace }: Checked,
  addresses: readonly PlacedAddress[],
): PlacedProblem[] {
  // Subnets first: of two that are equal, the first counts as the one around the other.
  const items = [
    ...subnets.filter(({ subnet }) => !isTooWide(subnet)).map((placed) => ({ ...placed, placed: undefined })),
    ...addresses.map((placed) => ({ subnet: `${placed.address}/${wholeLength(placed.address)}`, placed })),
  ];
  return findOverlaps(items).flatMap(([around, inside]) => {
    if (around.placed || !inside.placed) return [];
    const { network, node, path } = around;
    const line = `line ${valuePlace(path).line}`;
    const { address, what, host } = inside.placed;
    const gateway = isMember(draft, host, draft.networks?.[network]?.via) ? `: it leaves by ${host}` : '';
    const message = `${address}, ${what}, lies inside ${around.subnet} of network ${network} on ${nameText(node)} (${line})${gateway}`;
    const hint = gateway
      ? 'a gateway is outside of the networks that leave by it: write the address that it shares a link with'
      : 'only containers can have addresses in there';
    return [problemAt(valuePlace(inside.placed.path), message, hint)];
  });
}

function isMember({ gateways = {} }: Checked['draft'], host: string | undefined, via: string | undefined) {
  if (host === undefined || via === undefined || !Object.hasOwn(gateways, via)) return false;
  return (gateways[via]?.members ?? []).some((member) => member.host === host);
}

function wholeLength(address: Address): number {
  return familyOf(address) === 4 ? 32 : 128;
}
