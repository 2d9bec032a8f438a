/** Reads all facts of a host in parallel. Changes nothing. */
import { markHandled } from '../error.ts';
import { type Engines, queryEngines } from '../engines/index.ts';
import { readDaemon } from '../host/bird/daemon.ts';
import { readNamedTables } from '../host/ip/named-tables.ts';
import type { ElementCounter } from '../host/nft/read.ts';
import type { Host } from '../host/ports.ts';
import {
  readAcceptRa,
  readBridgeFilter6,
  readFlowAccounting,
  readForwarding,
  readSendRedirects,
  readStrictTcp,
  readValidMarks,
} from '../host/files/sysctl.ts';
import type { Facts, ForeignFacts, Link } from '../state/facts.ts';
import type { Ledger } from '../state/ledger.ts';
import type { HostObject } from '../kinds/index.ts';
import { validMarkName } from '../state/settings.ts';
import { type PartMemory, readAnew, readHostLinks, readNft, readPolicyRouting } from './host-parts.ts';
import { ownTunnels } from '../state/tunnels.ts';
import type { HostRole } from '../topology/role.ts';
import { daemonObjects, readRoutingFacts } from './routing.ts';
import { readTunnelFacts } from './tunnels.ts';

export interface Gathered {
  readonly facts: Facts;
  readonly counters: readonly ElementCounter[];
}

/** Foreign facts are available first, since our own objects may be many more. */
export interface Gathering {
  readonly foreign: ForeignFacts;
  readonly whole: Promise<Gathered>;
}

/** Like `beginFacts`, and waits for our own objects. */
export async function gatherFacts(...what: Parameters<typeof beginFacts>): Promise<Gathered> {
  return (await beginFacts(...what)).whole;
}

/**
 * @param engines absent: engines are not queried
 * @param role its networks are read, and those of the ledger
 * @param memory parts that were read before, and are not read again
 * @param known what the engines have said already; absent: they are queried
 */
export async function beginFacts(
  host: Host,
  engines: Engines | undefined,
  role: Pick<HostRole, 'networks' | 'gateways' | 'routed' | 'failover'>,
  ledger: Ledger,
  memory: PartMemory = readAnew,
  known?: EngineFacts,
): Promise<Gathering> {
  const [links, routing, namedTables, { table, others, iptables }, engineFacts, tunnelFacts, daemon] =
    await Promise.all([
      readHostLinks(host, memory),
      readPolicyRouting(host, memory),
      readNamedTables(host.files),
      readNft(host, memory),
      known ?? readNetworks(host, engines, requestedNetworks(role.networks, ledger)),
      readTunnelFacts(host, role),
      readDaemon(host),
    ]);
  const { owned, learned, ...foreignRouting } = routing;
  const settings = await readSettings(host.files, links, routing.routerAdvertisedDefaults, ledger);
  const foreign = {
    links,
    ...foreignRouting,
    ...settings,
    namedTables,
    foreignChains: others.chains,
    forwardFilters: others.forwardFilters,
    dockerUser: iptables.dockerUser,
    ...engineFacts,
    ...tunnelFacts,
    ...(await readRoutingFacts(host, role, daemon)),
    ledger,
  };
  const mine = [...owned, ...ownTunnels(links), ...daemonObjects(daemon, learned)];
  const whole = table.then(({ objects, counters }) => ({
    facts: { ...foreign, owned: [...mine, ...objects, ...iptables.owned] },
    counters,
  }));
  return { foreign, whole: markHandled(whole) };
}

/** @param advertised devices with router advertisements */
async function readSettings(
  files: Host['files'],
  links: readonly Link[],
  advertised: readonly string[],
  { sysctls: kept }: Pick<Ledger, 'sysctls'>,
): Promise<Pick<Facts, 'sysctls' | 'acceptRa' | 'bridgeFilter6' | 'strictTcp'>> {
  const names = links.map(({ name }) => name);
  const addressed = links.filter((link) => link.advertised).map(({ name }) => name);
  const [sysctls, redirects, accounting, marks, acceptRa, bridgeFilter6, strictTcp] = await Promise.all([
    readForwarding(files, names),
    readSendRedirects(files),
    readFlowAccounting(files),
    // Links with possible egress, and links that were changed before they became bridge ports.
    readValidMarks(
      files,
      links
        .filter(({ master, name }) => master === undefined || validMarkName(name) in kept)
        .map(({ name }) => name),
    ),
    readAcceptRa(files, [...advertised, ...addressed]),
    readBridgeFilter6(files),
    readStrictTcp(files),
  ]);
  return {
    sysctls: { ...sysctls, ...redirects, ...accounting, ...marks },
    acceptRa,
    bridgeFilter6,
    strictTcp,
  };
}

/** Our own objects, as the host has them now. */
export async function readOwned(host: Host): Promise<HostObject[]> {
  const [links, { owned, learned }, { table, iptables }, daemon] = await Promise.all([
    readHostLinks(host),
    readPolicyRouting(host),
    readNft(host),
    readDaemon(host),
  ]);
  return [
    ...owned,
    ...ownTunnels(links),
    ...daemonObjects(daemon, learned),
    ...(await table).objects,
    ...iptables.owned,
  ];
}

export type EngineFacts = Pick<Facts, 'networks' | 'unreadEngines'>;

/** An engine that fails must not stop apply or destroy for the rest. */
export async function readNetworks(
  host: Host,
  engines: Engines | undefined,
  requests: readonly Ledger['networks'][number][],
): Promise<EngineFacts> {
  if (engines) return queryEngines(host, engines, requests);
  return {
    networks: [],
    unreadEngines: Object.fromEntries(requests.map(({ engine }) => [engine, { why: 'not asked' }])),
  };
}

/** @param networks those of the role; one that comes twice is read once */
export function requestedNetworks(
  networks: readonly Pick<Ledger['networks'][number], 'engine' | 'name' | 'subnets'>[],
  ledger: Ledger,
): Ledger['networks'][number][] {
  const wanted = networks.map(({ engine, name, subnets }) => ({ engine, name, subnets, created: false }));
  const keyOf = ({ engine, name }: Pick<Ledger['networks'][number], 'engine' | 'name'>): string =>
    `${engine} ${name}`;
  const unique = new Map<string, Ledger['networks'][number]>();
  for (const one of [...wanted, ...ledger.networks]) if (!unique.has(keyOf(one))) unique.set(keyOf(one), one);
  return [...unique.values()];
}
