/** Judges the egress of a DNS query against `dns:` of the file. */
import { type Address, contains } from '../../address/cidr.ts';
import type { Neighbour } from '../../host/ip/neighbours.ts';
import type { Link } from '../../state/facts.ts';
import type { NodeNetwork } from '../../topology/role.ts';
import type { Sighting } from '../probe/captures.ts';
import { type Departure, sortDepartures, waysOf } from '../probe/departures.ts';
import type { Verdict } from '../probe/observation.ts';
import { unique, verdict } from './verdict.ts';
import type { Egress } from './egress.ts';

export interface Asked {
  /** whom the container asks */
  readonly server: Address;
  readonly answered: boolean;
  readonly packets: readonly Sighting[];
  readonly links: readonly Link[];
  readonly neighbours: readonly Neighbour[];
  /** to the gateways */
  readonly ways: readonly Egress[];
}

export function judgeNames(network: NodeNetwork, asked: Asked): Verdict {
  const { right, wrong } = sortDepartures(asked.packets, asked.ways, asked);
  const past = wrong.filter(({ packet }) => !isDirect(network, packet.destination));
  const isSaid = network.nameServers !== undefined;
  const heard = `asked ${asked.server}, ${asked.answered ? 'which answered' : 'and no answer came'}`;
  if (right.length + wrong.length === 0) {
    return verdict('names', isSaid ? false : 'not-checked', `${heard}; no query left this host`);
  }
  const way = describe([...right, ...wrong]);
  if (past.length === 0) return verdict('names', true, `${heard}; the query left by ${way}`);
  const evidence = `${heard}; the query left by ${way}: past gateway ${network.gateway}`;
  // Where the file leaves it to the engine, this is what engines do.
  return verdict(
    'names',
    isSaid ? false : 'not-checked',
    isSaid ? evidence : `${evidence}; \`dns:\` in the file changes that`,
  );
}

function isDirect({ direct }: NodeNetwork, destination: Address): boolean {
  return direct.some((subnet) => contains(subnet, destination));
}

/** `eth0 to 192.168.50.1 (46:5b:c9:e1:d8:75), from 192.168.50.10 to 192.168.50.1` */
function describe(departures: readonly Departure[]): string {
  const ends = unique(
    departures.map(({ packet: { source, destination } }) => `from ${source} to ${destination}`),
  );
  return `${waysOf(departures)}, ${ends.join(', ')}`;
}
