/** Reads the labels of engines, and the networks that carry them, into the role of a host. */
import { type Engines, listLabelled } from '../engines/index.ts';
import { labellingEngines } from '../engines/own-label.ts';
import type { Host } from '../host/ports.ts';
import type { EngineName } from '../spec/spec.ts';
import type { NetworkFacts, UnreadEngine } from '../state/facts.ts';
import type { Ledger } from '../state/ledger.ts';
import { type LabelReport, type LabelledNetwork, viaLabel } from '../topology/discovered-networks.ts';
import type { HostRole } from '../topology/role.ts';
import type { Discovery } from '../topology/topology.ts';
import { type EngineFacts, readNetworks, requestedNetworks } from './gather.ts';

export interface DiscoveredRole {
  readonly role: HostRole;
  /** what the engines said about the networks of the role; absent: they were not asked */
  readonly known?: EngineFacts;
  /** engines that were asked for labels and answered */
  readonly listed: readonly EngineName[];
}

interface Discovering {
  readonly host: Host;
  /** absent: engines are not asked */
  readonly engines: Engines | undefined;
  /** by the file alone */
  readonly role: HostRole;
  readonly discovery?: Discovery;
}

/** The role with the networks that their labels redirect. */
export async function discoverRole(
  { host, engines, role, discovery }: Discovering,
  ledger: Ledger,
): Promise<DiscoveredRole> {
  if (!discovery) return { role, listed: [] };
  if (!engines) return { role: discovery.roleWith(keptNetworks(ledger, [])), listed: [] };
  const { labels, listed, unread } = await listLabelled(host, engines, viaLabel);
  const kept = keptNetworks(ledger, listed);
  const requests = requestedNetworks(
    [...role.networks, ...labels.map((one) => ({ ...one, subnets: [] })), ...kept],
    ledger,
  );
  const known = await readNetworks(host, engines, requests);
  const found = labels.flatMap(({ engine, name, value }): LabelledNetwork[] => {
    const facts = known.networks.find((one) => one.engine === engine && one.name === name);
    return facts ? labelled(facts, value) : keptNetworks(ledger, listed, { engine, name });
  });
  return {
    role: discovery.roleWith(inOrder([...found, ...kept], ledger), unreadReports(unread, kept)),
    known,
    listed,
  };
}

/** One that has been removed since the labels were listed has none. */
function labelled(
  { engine, name, exists, subnets, unusable }: NetworkFacts,
  label: string,
): LabelledNetwork[] {
  return exists ? [{ engine, name, label, subnets, unusable }] : [];
}

/** Redirected networks of engines that do not answer: what they have become is not known. */
function keptNetworks(
  { discovered = [] }: Ledger,
  listed: readonly EngineName[],
  only?: Pick<LabelledNetwork, 'engine' | 'name'>,
): LabelledNetwork[] {
  return discovered
    .filter(({ engine, name }) =>
      only ? engine === only.engine && name === only.name : !listed.includes(engine),
    )
    .map(({ via, ...network }) => ({ ...network, label: via }));
}

/** Redirected ones first, so that another network cannot take their name or subnet; then by engine and name. */
function inOrder(found: readonly LabelledNetwork[], { discovered = [] }: Ledger): LabelledNetwork[] {
  const redirected = new Set(discovered.map(({ engine, name }) => `${engine} ${name}`));
  const ranks = ({ engine, name }: LabelledNetwork): number =>
    (redirected.has(`${engine} ${name}`) ? 0 : labellingEngines.length) +
    labellingEngines.findIndex((one) => one === engine);
  return found.toSorted((a, b) => ranks(a) - ranks(b) || (a.name < b.name ? -1 : 1));
}

/** An engine with redirected networks is reported with them. */
function unreadReports(
  unread: Partial<Record<EngineName, UnreadEngine>>,
  kept: readonly LabelledNetwork[],
): LabelReport[] {
  return Object.entries(unread)
    .filter(([engine]) => !kept.some((one) => one.engine === engine))
    .map(([engine, { why, hint = 'then run apply again' }]) => ({
      message: `${engine} cannot be queried, so that its networks with a label are not found: ${why}`,
      hint,
      // An engine that is installed need not run.
      intended: true,
    }));
}
