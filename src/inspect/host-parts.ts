/** Parts of a host that are read on their own, and may be recalled while nothing tells that they have changed. */
import { onceForEach } from '../address/once.ts';
import { markHandled } from '../error.ts';
import { readFamilies } from '../host/files/sysctl.ts';
import { type IpLists, type ListName, listNames, readIpLists } from '../host/ip/lists.ts';
import type { Routes } from '../host/ip/routes.ts';
import type { Rules } from '../host/ip/rules.ts';
import { type Iptables, hasLegacyTables, readIptables } from '../host/iptables/read.ts';
import { readChains } from '../host/nft/chains.ts';
import { type OtherTables, readOtherTables } from '../host/nft/other-tables.ts';
import { type NftTable, readNftTable } from '../host/nft/read.ts';
import type { Host } from '../host/ports.ts';
import { type PlainLink, readPlainLinks, withWireguard } from '../host/ip/links.ts';
import type { Facts, Link } from '../state/facts.ts';

/** The kernel reports changes of them. Settings in /proc and files are not among them: reading those costs little. */
export interface HostParts {
  /** links and their addresses, without the ends of WireGuard devices */
  readonly links: readonly PlainLink[];
  /** of each family */
  readonly rules: readonly Rules[];
  readonly routes: readonly Routes[];
  readonly policies: readonly Pick<IpLists, 'policies' | 'xfrm'>[];
  readonly nft: RememberedNft;
  /** whether socat is installed: nothing tells of it, and a read of the whole host looks again */
  readonly socat: boolean;
}

export type HostPart = keyof HostParts;

export const hostParts: readonly HostPart[] = ['links', ...listNames, 'nft', 'socat'];

/** Parts that need not be read again. */
export interface PartMemory {
  /** what was read, or is being read; undefined: it has to be read */
  get<P extends HostPart>(part: P): Promise<HostParts[P]> | undefined;
  set<P extends HostPart>(part: P, reading: Promise<HostParts[P]>): void;
  /** The next read is from the host, also of a part that is being read now. */
  forget(parts: readonly HostPart[]): void;
}

/** Remembers nothing. */
export const readAnew: PartMemory = { get: () => undefined, set: () => {}, forget: () => {} };

/** Gives a part that is remembered, or reads it. */
export function recall<P extends HostPart>(
  memory: PartMemory,
  part: P,
  read: () => Promise<HostParts[P]>,
): Promise<HostParts[P]> {
  const known = memory.get(part);
  if (known) return known;
  const reading = markHandled(read());
  memory.set(part, reading);
  return reading;
}

export type PolicyRouting = Pick<
  Facts,
  | 'foreignRules'
  | 'foreignRoutes'
  | 'defaultHops'
  | 'routerAdvertisedDefaults'
  | 'usedTables'
  | 'xfrm'
  | 'owned'
> & {
  /** there are routes of our routing daemon */
  readonly learned: boolean;
};

/** Rules, routes and policies of all families of the kernel: what is not remembered, by one `ip` for each family. */
export async function readPolicyRouting(host: Host, memory: PartMemory = readAnew): Promise<PolicyRouting> {
  const missing = listNames.filter((name) => memory.get(name) === undefined);
  const reading = markHandled(readLists(host, missing));
  const ofAll = <T>(pick: (lists: IpLists) => T) => reading.then((families) => families.map(pick));
  const [rules, routes, policies] = await Promise.all([
    recall(memory, 'rules', () => ofAll((lists) => lists.rules)),
    recall(memory, 'routes', () => ofAll((lists) => lists.routes)),
    recall(memory, 'policies', () => ofAll((lists) => ({ policies: lists.policies, xfrm: lists.xfrm }))),
  ]);
  return policyRoutingOf(routes)(policies)(rules);
}

/** Computed once from lists that are recalled. */
const policyRoutingOf = onceForEach((routes: HostParts['routes']) =>
  onceForEach((policies: HostParts['policies']) =>
    onceForEach((rules: HostParts['rules']) => joinLists(rules, routes, policies)),
  ),
);

function joinLists(
  rules: HostParts['rules'],
  routes: HostParts['routes'],
  policies: HostParts['policies'],
): PolicyRouting {
  return {
    foreignRules: rules.flatMap(({ foreign }) => foreign),
    foreignRoutes: routes.flatMap(({ foreign }) => foreign),
    defaultHops: routes.flatMap(({ defaultHops }) => defaultHops),
    routerAdvertisedDefaults: routes.flatMap(({ routerAdvertisedDefaults }) => routerAdvertisedDefaults),
    usedTables: [...new Set(routes.flatMap(({ usedTables }) => usedTables))],
    learned: routes.some(({ learned }) => learned),
    xfrm: policies.every(({ xfrm }) => xfrm),
    owned: [
      ...rules.flatMap(({ owned }) => owned),
      ...routes.flatMap(({ owned }) => owned),
      ...policies.flatMap((some) => some.policies),
    ],
  };
}

async function readLists({ exec, files }: Host, wanted: readonly ListName[]): Promise<readonly IpLists[]> {
  if (wanted.length === 0) return [];
  const families = await readFamilies(files);
  return Promise.all(families.map((family) => readIpLists(exec, family, wanted)));
}

/** All links, with the ends of our WireGuard devices, of which no event tells. */
export async function readHostLinks({ exec }: Host, memory: PartMemory = readAnew): Promise<Link[]> {
  return withWireguard(exec, await recall(memory, 'links', () => readPlainLinks(exec)));
}

interface RememberedNft {
  readonly table: Promise<NftTable>;
  readonly others: OtherTables;
  /** absent: the kernel has tables of the old iptables, of which no event tells */
  readonly iptables?: Iptables;
}

export type Nft = Required<RememberedNft>;

export async function readNft(host: Host, memory: PartMemory = readAnew): Promise<Nft> {
  const nft = await recall(memory, 'nft', () => readRememberedNft(host));
  return { ...nft, iptables: nft.iptables ?? (await readIptables(host, nft.others.chains)) };
}

/**
 * Reads chains first: their output has nft's version, and a version that is too old crashes when it lists our table.
 */
async function readRememberedNft(host: Host): Promise<RememberedNft> {
  const { exec, files } = host;
  const chains = await readChains(exec);
  const table = markHandled(readNftTable(exec));
  const others = await readOtherTables(exec, chains);
  if (await hasLegacyTables(files)) return { table, others };
  return { table, others, iptables: await readIptables(host, others.chains) };
}
