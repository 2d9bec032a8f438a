/** Judges the egress of a DNS query against `dns:` of the file. */
import { type Address, contains } from '../../address/cidr.ts';
import type { Neighbour } from '../../host/ip/neighbours.ts';
import type { Link } from '../../state/facts.ts';
import type { NodeNetwork } from '../../topology/role.ts';
import type { CapturedPacket } from '../probe/captures.ts';
import { type Departure, sortDepartures, egressList } from '../probe/departures.ts';
import type { Verdict } from '../probe/observation.ts';
import { unique, verdict } from './verdict.ts';
import type { Egress } from './egress.ts';

export interface ObservedQuery {
  /** name server that the container queries */
  readonly server: Address;
  readonly replied: boolean;
  readonly packets: readonly CapturedPacket[];
  readonly links: readonly Link[];
  readonly neighbours: readonly Neighbour[];
  /** egress to the gateways */
  readonly egresses: readonly Egress[];
}

export function judgeNames(network: NodeNetwork, observed: ObservedQuery): Verdict {
  const { right, wrong } = sortDepartures(observed.packets, observed.egresses, observed);
  const bypassing = wrong.filter(({ packet }) => !isDirect(network, packet.destination));
  const isConfigured = network.nameServers !== undefined;
  const queried = `asked ${observed.server}, ${observed.replied ? 'which answered' : 'and no answer came'}`;
  if (right.length + wrong.length === 0) {
    return verdict('names', isConfigured ? false : 'not-checked', `${queried}; no query left this host`);
  }
  const egress = describe([...right, ...wrong]);
  if (bypassing.length === 0) return verdict('names', true, `${queried}; the query left by ${egress}`);
  const evidence = `${queried}; the query left by ${egress}: past gateway ${network.gateway}`;
  if (isConfigured) return verdict('names', false, evidence);
  // Most engines resolve DNS on the host: only `dns:` in the file makes that a failure.
  return verdict('names', 'not-checked', `${evidence}; \`dns:\` in the file changes that`);
}

function isDirect({ direct }: NodeNetwork, destination: Address): boolean {
  return direct.some((subnet) => contains(subnet, destination));
}

/** `eth0 to 192.168.50.1 (46:5b:c9:e1:d8:75), from 192.168.50.10 to 192.168.50.1` */
function describe(departures: readonly Departure[]): string {
  const ends = unique(
    departures.map(({ packet: { source, destination } }) => `from ${source} to ${destination}`),
  );
  return `${egressList(departures)}, ${ends.join(', ')}`;
}
