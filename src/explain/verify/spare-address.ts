/** An address of a network that no container has. */
import { type Address, type Subnet, addressesFromTop, contains } from '../../address/cidr.ts';
import type { Facts } from '../../state/facts.ts';
import type { LiveHost } from './live-host.ts';
import { makeProbes } from './probe.ts';
import { type Neighbour, readNeighbours } from './read-links.ts';
import { sendProbes } from './sender.ts';

/** Engines hand out the first addresses; three are enough to step around a neighbour or another run. */
const candidateCount = 3;
/** On a bridge of this host an answer takes microseconds; the rest is for a busy machine. */
const silence = 150;
const discardPort = 9;

/** The last addresses of a subnet that neither a container nor this host is known to have. */
export function candidateAddresses(subnet: Subnet, facts: Facts, network: string): Address[] {
  const taken = new Set([
    ...facts.networks
      .filter(({ name }) => name === network)
      .flatMap(({ attached }) => attached.flatMap(({ addresses }) => addresses ?? [])),
    ...facts.links.flatMap(({ addresses }) => addresses.map((address) => address.split('/')[0] ?? '')),
  ]);
  const found: Address[] = [];
  for (const address of addressesFromTop(subnet)) {
    if (found.length === candidateCount) break;
    if (contains(subnet, address) && !taken.has(address)) found.push(address);
  }
  return found;
}

/**
 * Of these, those that nobody answers for: each gets a datagram from this host, and whoever has the address
 * shows up among the neighbours.
 */
export async function silentAddresses(
  host: LiveHost,
  bridge: string,
  candidates: readonly Address[],
): Promise<Address[]> {
  if (candidates.length === 0) return [];
  const targets = candidates.map((address) => ({ address, port: discardPort }));
  const knocks = makeProbes('0.0.0.0', targets);
  await sendProbes(host.exec, host.node, [], knocks, silence);
  const neighbours = await readNeighbours(host.exec);
  const silent = candidates.filter((address) => isSilent(address, bridge, neighbours));
  await forgetNeighbours(host, bridge, silent);
  return silent;
}

async function forgetNeighbours(
  host: LiveHost,
  bridge: string,
  addresses: readonly Address[],
): Promise<void> {
  const input = addresses.map((address) => `neighbor delete ${address} dev ${bridge}\n`).join('');
  await host.exec.run(['ip', '-force', '-batch', '-'], { input });
}

/** No entry, or one that never got an answer. */
export function isSilent(address: Address, bridge: string, neighbours: readonly Neighbour[]): boolean {
  return !neighbours.some(({ dst, dev, lladdr }) => dst === address && dev === bridge && lladdr);
}
