/** Reads all that the core needs to know of a host, at once. Changes nothing. */
import { type Engines, askEngines } from '../engines/index.ts';
import { readLinks } from '../host/ip/links.ts';
import { readIpLists } from '../host/ip/lists.ts';
import { type Iptables, readIptables } from '../host/iptables/read.ts';
import { readNamedTables } from '../host/ip/named-tables.ts';
import { readChains } from '../host/nft/chains.ts';
import { type OtherTables, readOtherTables } from '../host/nft/other-tables.ts';
import { type ElementCounter, type NftTable, readNftTable } from '../host/nft/read.ts';
import type { Host } from '../host/ports.ts';
import {
  readAcceptRa,
  readBridgeFilter6,
  readFamilies,
  readForwarding,
  readValidMarks,
} from '../host/files/sysctl.ts';
import type { Facts, ForeignFacts, Link } from '../state/facts.ts';
import type { Ledger } from '../state/ledger.ts';
import type { HostObject } from '../kinds/index.ts';
import { validMarkName } from '../state/settings.ts';
import type { HostRole } from '../topology/role.ts';

export interface Gathered {
  readonly facts: Facts;
  readonly counters: readonly ElementCounter[];
}

/** All that is not ours comes first: of what is ours there may be much more. */
export interface Gathering {
  readonly foreign: ForeignFacts;
  readonly whole: Promise<Gathered>;
}

/** As `beginFacts`, with what is ours. */
export async function gatherFacts(...what: Parameters<typeof beginFacts>): Promise<Gathered> {
  return (await beginFacts(...what)).whole;
}

/**
 * @param engines nothing: they are not asked
 * @param role whose networks are looked up, together with those of the ledger
 */
export async function beginFacts(
  host: Host,
  engines: Engines | undefined,
  role: Pick<HostRole, 'networks'>,
  ledger: Ledger,
): Promise<Gathering> {
  const [links, ways, namedTables, { table, others, iptables }, asked] = await Promise.all([
    readLinks(host.exec),
    readWays(host),
    readNamedTables(host.files),
    readNft(host),
    readNetworks(host, engines, role, ledger),
  ]);
  const { owned, ...foreignWays } = ways;
  const settings = await readSettings(host.files, links, ways.routerAdvertisedDefaults, ledger);
  const foreign = {
    links,
    ...foreignWays,
    ...settings,
    namedTables,
    foreignChains: others.chains,
    forwardFilters: others.forwardFilters,
    dockerUser: iptables.dockerUser,
    ...asked,
    ledger,
  };
  const whole = table.then(({ objects, counters }) => ({
    facts: { ...foreign, owned: [...owned, ...objects, ...iptables.owned] },
    counters,
  }));
  return { foreign, whole: heard(whole) };
}

/** @param advertised devices by which routers have advertised themselves */
async function readSettings(
  files: Host['files'],
  links: readonly Link[],
  advertised: readonly string[],
  { sysctls: kept }: Pick<Ledger, 'sysctls'>,
): Promise<Pick<Facts, 'sysctls' | 'acceptRa' | 'bridgeFilter6'>> {
  const names = links.map(({ name }) => name);
  const addressed = links.filter((link) => link.advertised).map(({ name }) => name);
  const [sysctls, marks, acceptRa, bridgeFilter6] = await Promise.all([
    readForwarding(files, names),
    // Those that a way may lead by, and those that were changed before they became ports of a bridge.
    readValidMarks(
      files,
      links
        .filter(({ master, name }) => master === undefined || validMarkName(name) in kept)
        .map(({ name }) => name),
    ),
    readAcceptRa(files, [...advertised, ...addressed]),
    readBridgeFilter6(files),
  ]);
  return { sysctls: { ...sysctls, ...marks }, acceptRa, bridgeFilter6 };
}

/** Our own objects as the host has them now. */
export async function readOwned(host: Host): Promise<HostObject[]> {
  const [{ owned }, { table, iptables }] = await Promise.all([readWays(host), readNft(host)]);
  return [...owned, ...(await table).objects, ...iptables.owned];
}

type Ways = Pick<
  Facts,
  | 'foreignRules'
  | 'foreignRoutes'
  | 'defaultHops'
  | 'routerAdvertisedDefaults'
  | 'usedTables'
  | 'xfrm'
  | 'owned'
>;

/** Rules, routes and policies of all families that the kernel has. */
async function readWays({ exec, files }: Host): Promise<Ways> {
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
    xfrm: lists.every(({ xfrm }) => xfrm),
    owned: [
      ...rules.flatMap(({ owned }) => owned),
      ...routes.flatMap(({ owned }) => owned),
      ...lists.flatMap(({ policies }) => policies),
    ],
  };
}

interface Nft {
  readonly table: Promise<NftTable>;
  readonly others: OtherTables;
  readonly iptables: Iptables;
}

/** The chains first: with them nft says its version, and one that is too old crashes where it lists our table. */
async function readNft(host: Host): Promise<Nft> {
  const { exec } = host;
  const chains = await readChains(exec);
  const table = heard(readNftTable(exec));
  const others = await readOtherTables(exec, chains);
  return { table, others, iptables: await readIptables(host, others.chains) };
}

/** Whoever waits for it hears of its error, and nobody needs to, where another has come before. */
function heard<T>(work: Promise<T>): Promise<T> {
  work.catch(() => {});
  return work;
}

type Asked = Pick<Facts, 'networks' | 'silentEngines'>;

/** An engine that is gone keeps nothing else from being applied, or taken down. */
async function readNetworks(
  host: Host,
  engines: Engines | undefined,
  role: Pick<HostRole, 'networks'>,
  ledger: Ledger,
): Promise<Asked> {
  const requests = requestedNetworks(role, ledger);
  if (engines) return askEngines(host, engines, requests);
  return {
    networks: [],
    silentEngines: Object.fromEntries(requests.map(({ engine }) => [engine, { why: 'not asked' }])),
  };
}

function requestedNetworks(role: Pick<HostRole, 'networks'>, ledger: Ledger): Ledger['networks'][number][] {
  const wanted = role.networks.map(({ engine, name, subnets }) => ({
    engine,
    name,
    subnets,
    created: false,
  }));
  const kept = ledger.networks.filter(
    ({ engine, name }) => !wanted.some((network) => network.engine === engine && network.name === name),
  );
  return [...wanted, ...kept];
}
