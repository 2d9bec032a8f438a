/** Parts of a host that are read on their own, and may be recalled while nothing tells that they have changed. */
import { markHandled } from '../error.ts';
import { readFamilies } from '../host/files/sysctl.ts';
import { readIpLists } from '../host/ip/lists.ts';
import { type Iptables, readIptables } from '../host/iptables/read.ts';
import { readChains } from '../host/nft/chains.ts';
import { type OtherTables, readOtherTables } from '../host/nft/other-tables.ts';
import { type NftTable, readNftTable } from '../host/nft/read.ts';
import type { Host } from '../host/ports.ts';
import type { Facts, Link } from '../state/facts.ts';

/** The kernel reports changes of them. Settings in /proc and files are not among them: reading those costs little. */
export interface HostParts {
  /** links and their addresses */
  readonly links: readonly Link[];
  readonly routing: PolicyRouting;
  readonly nft: Nft;
}

export type HostPart = keyof HostParts;

export const hostParts: readonly HostPart[] = ['links', 'routing', 'nft'];

/** Reads a part, or gives what was read before. */
export type Recall = <P extends HostPart>(
  part: P,
  read: () => Promise<HostParts[P]>,
) => Promise<HostParts[P]>;

export const readAnew: Recall = (_, read) => read();

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

/** Rules, routes and policies of all families of the kernel. */
export async function readPolicyRouting({ exec, files }: Host): Promise<PolicyRouting> {
  const families = await readFamilies(files);
  const lists = await Promise.all(families.map((family) => readIpLists(exec, family)));
  const rules = lists.map((list) => list.rules);
  const routes = lists.map((list) => list.routes);
  return {
    foreignRules: rules.flatMap(({ foreign }) => foreign),
    foreignRoutes: routes.flatMap(({ foreign }) => foreign),
    defaultHops: routes.flatMap(({ defaultHops }) => defaultHops),
    routerAdvertisedDefaults: routes.flatMap(({ routerAdvertisedDefaults }) => routerAdvertisedDefaults),
    usedTables: [...new Set(routes.flatMap(({ usedTables }) => usedTables))],
    learned: routes.some(({ learned }) => learned),
    xfrm: lists.every(({ xfrm }) => xfrm),
    owned: [
      ...rules.flatMap(({ owned }) => owned),
      ...routes.flatMap(({ owned }) => owned),
      ...lists.flatMap(({ policies }) => policies),
    ],
  };
}

export interface Nft {
  readonly table: Promise<NftTable>;
  readonly others: OtherTables;
  readonly iptables: Iptables;
}

/**
 * Reads chains first: their output has nft's version, and a version that is too old crashes when it lists our table.
 */
export async function readNft(host: Host): Promise<Nft> {
  const { exec } = host;
  const chains = await readChains(exec);
  const table = markHandled(readNftTable(exec));
  const others = await readOtherTables(exec, chains);
  return { table, others, iptables: await readIptables(host, others.chains) };
}
