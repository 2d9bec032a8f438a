/** Reads all that the core needs to know of a host, at once. Changes nothing. */
import { type Engines, readAllNetworks } from '../engines/index.ts';
import { readLinks } from '../host/ip-links.ts';
import { readRoutes } from '../host/ip-routes.ts';
import { readRules } from '../host/ip-rules.ts';
import { readNamedTables } from '../host/named-tables.ts';
import { type ElementCounter, readNftTable } from '../host/nft-read.ts';
import type { Host } from '../host/ports.ts';
import { readForwarding } from '../host/sysctl.ts';
import type { Facts } from '../state/facts.ts';
import type { Ledger } from '../state/ledger.ts';
import type { HostRole } from '../topology/role.ts';

export interface Gathered {
  readonly facts: Facts;
  readonly counters: readonly ElementCounter[];
}

/** @param role whose networks are looked up, together with those of the ledger */
export async function gatherFacts(
  host: Host,
  engines: Engines,
  role: Pick<HostRole, 'networks'>,
  ledger: Ledger,
): Promise<Gathered> {
  const [links, rules, routes, namedTables, nft, asked] = await Promise.all([
    readLinks(host.exec),
    readRules(host.exec, 4),
    readRoutes(host.exec, 4),
    readNamedTables(host.files),
    readNftTable(host.exec),
    askEngines(host, engines, role, ledger),
  ]);
  const sysctls = await readForwarding(
    host.files,
    links.map(({ name }) => name),
  );
  return {
    facts: {
      links,
      foreignRules: rules.foreign,
      usedTables: routes.usedTables,
      namedTables,
      sysctls,
      ...asked,
      ledger,
      owned: [...rules.owned, ...routes.owned, ...nft.objects],
    },
    counters: nft.counters,
  };
}

type Asked = Pick<Facts, 'networks' | 'silentEngines'>;

/** An engine that is gone must not keep the rest from being taken down. */
async function askEngines(
  host: Host,
  engines: Engines,
  role: Pick<HostRole, 'networks'>,
  ledger: Ledger,
): Promise<Asked> {
  const requests = requestedNetworks(role, ledger);
  try {
    return { networks: await readAllNetworks(host, engines, requests) };
  } catch (error) {
    if (role.networks.length > 0) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    return {
      networks: [],
      silentEngines: Object.fromEntries(requests.map(({ engine }) => [engine, reason])),
    };
  }
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
