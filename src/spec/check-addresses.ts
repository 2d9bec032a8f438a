/** Checks addresses of hosts and gateways: usable, one per family, one host each, outside redirected subnets. */
import { type Address, familyOf, findOverlaps, isLinkLocal, subnetOfAddress } from '../address/cidr.ts';
import type { Check, CheckInput } from './check-context.ts';
import {
  type AddressInFile,
  gatewayAddressesOf,
  hostAddressesOf,
  nameServersOf,
} from './addresses-in-file.ts';
import { isTooWide, specialRangeOf } from './ranges.ts';
import type { Draft } from './schema.ts';
import { type Path, type RangedProblem, nameText, problemAt } from './tree.ts';

export const checkAddresses: Check = (input) => {
  const ofHosts = hostAddressesOf(input.draft);
  const all = [...ofHosts, ...nameServersOf(input.draft), ...gatewayAddressesOf(input.draft)];
  return [
    ...all.flatMap((entry) => checkUse(input, entry)),
    ...checkDuplicates(input, ofHosts),
    ...checkOnePerFamily(input),
    ...checkInside(input, all),
  ];
};

/** A link-local address is ambiguous without a device, which only the next hop of an uplink has. */
function checkUse({ valuePosition }: CheckInput, { address, path, onLink }: AddressInFile): RangedProblem[] {
  const range = specialRangeOf(address);
  if (range === undefined || (onLink && isLinkLocal(address))) return [];
  return [
    problemAt(valuePosition(path), `${address} is ${range}`, 'write the address that other machines reach'),
  ];
}

function checkDuplicates({ valuePosition }: CheckInput, ofHosts: readonly AddressInFile[]): RangedProblem[] {
  const first = new Map<Address, AddressInFile>();
  return ofHosts.flatMap((entry) => {
    const other = first.get(entry.address);
    if (!other) first.set(entry.address, entry);
    if (!other || other.host === entry.host) return [];
    const message = `${entry.address} is ${other.what} too (line ${valuePosition(other.path).line})`;
    return [problemAt(valuePosition(entry.path), message, 'give each host its own address')];
  });
}

function checkOnePerFamily({ draft, valuePosition }: CheckInput): RangedProblem[] {
  return listsOf(draft).flatMap(({ list, path, owner, what, keep }) =>
    list.flatMap((address, i) => {
      const before = list.findIndex((other) => familyOf(other) === familyOf(address));
      if (before === i) return [];
      const message = `${owner} has two IPv${familyOf(address)} ${what}, ${list[before]} and ${address}`;
      return [problemAt(valuePosition([...path, i]), message, `keep the one that ${keep}`)];
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

function listsOf({ hosts = {}, networks = {}, gateways = {} }: Draft): AddressList[] {
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
    const neighbors = members.map(({ host, uplink }, i) => ({
      list: uplink?.routing?.neighbor ?? [],
      path: [...path, 'members', i, 'uplink', 'routing', 'neighbor'],
      owner: `the uplink of ${host ?? 'this member'}`,
      what: 'neighbors',
      keep: 'leads to the outside',
    }));
    const list = typeof snat === 'object' ? snat : [];
    const keep = 'the world is to see';
    return [
      ...nextHops,
      ...neighbors,
      { list, path: [...path, 'snat'], owner: gateway, what: 'snat addresses', keep },
    ];
  });
  const ofNetworks = Object.entries(networks).flatMap(([network, { dns }]) => {
    if (typeof dns !== 'object') return [];
    const path = ['networks', network, 'dns'];
    return [{ list: dns, path, owner: network, what: 'name servers', keep: 'it is to ask' }];
  });
  return [...ofHosts, ...ofNetworks, ...ofGateways];
}

/** Packets to an address inside a redirected subnet belong to a container. */
function checkInside(
  { draft, subnets, valuePosition }: CheckInput,
  addresses: readonly AddressInFile[],
): RangedProblem[] {
  // Subnets come first: of two equal ones, the first counts as the outer one.
  const items = [
    ...subnets.filter(({ subnet }) => !isTooWide(subnet)).map((entry) => ({ ...entry, entry: undefined })),
    ...addresses.map((entry) => ({ subnet: subnetOfAddress(entry.address), entry })),
  ];
  return findOverlaps(items).flatMap(([outer, inner]) => {
    if (outer.entry || !inner.entry) return [];
    const { network, node, path } = outer;
    const line = `line ${valuePosition(path).line}`;
    const { address, what, host } = inner.entry;
    const gateway = isMember(draft, host, draft.networks?.[network]?.via) ? `: it leaves by ${host}` : '';
    const message = `${address}, ${what}, lies inside ${outer.subnet} of network ${network} on ${nameText(node)} (${line})${gateway}`;
    const hint = gateway
      ? 'a gateway is outside of the networks that leave by it: write the address that it shares a link with'
      : 'only containers can have addresses in there';
    return [problemAt(valuePosition(inner.entry.path), message, hint)];
  });
}

function isMember({ gateways = {} }: Draft, host: string | undefined, via: string | undefined) {
  if (host === undefined || via === undefined || !Object.hasOwn(gateways, via)) return false;
  return (gateways[via]?.members ?? []).some((member) => member.host === host);
}
