/** Compares captures of container traffic before and after apply with the expected result. */
import type { Family } from '../address/cidr.ts';
import type { Packet } from '../host/capture/packet.ts';
import { addressesOf } from './layout.ts';

/** Result of one round of traffic of one family. */
export interface Observation {
  readonly family: Family;
  /** addresses of the containers that sent packets */
  readonly containers: readonly string[];
  /** reply of the internet address to each container */
  readonly replies: readonly string[];
  /** shortest round trip of each container with replies, in milliseconds: the first packet waits for ARP */
  readonly roundTrips: readonly number[];
  readonly gatewayLan: readonly Packet[];
  readonly gatewayUplink: readonly Packet[];
  readonly isp: readonly Packet[];
}

export interface Finding {
  readonly what: string;
  readonly before: string;
  readonly after: string;
  /** expected value, when the result differs */
  readonly wrong?: string | undefined;
}

/** Compares both rounds with the expected result: `before` proves that the captures would see a leak. */
export function judge(before: Observation, after: Observation): readonly Finding[] {
  const addresses = addressesOf(after.family);
  return [
    finding('answer to the container', before, after, ({ replies }) => replies, {
      before: [`isp saw ${addresses.node1}`],
      after: [`upstream saw ${addresses.uplink}`],
    }),
    finding(
      'source seen at the gateway',
      before,
      after,
      ({ gatewayLan, family }) => sources(gatewayLan, family),
      {
        before: [],
        after: after.containers,
      },
    ),
    finding(
      'source seen upstream',
      before,
      after,
      ({ gatewayUplink, family }) => sources(gatewayUplink, family),
      {
        before: [],
        after: [addresses.uplink],
      },
    ),
    judgeIsp(before, after),
    judgeRoundTrip(before, after),
  ];
}

interface Expected {
  readonly before: readonly string[];
  readonly after: readonly string[];
}

function finding(
  what: string,
  before: Observation,
  after: Observation,
  read: (observation: Observation) => readonly string[],
  expected: Expected,
): Finding {
  const seen = { before: listed(read(before)), after: listed(read(after)) };
  const wanted = { before: listed(expected.before), after: listed(expected.after) };
  const wrong = [
    ...(seen.before === wanted.before ? [] : [`before: not ${wanted.before}`]),
    ...(seen.after === wanted.after ? [] : [`after: not ${wanted.after}`]),
  ].join(', ');
  return { what, ...seen, wrong: wrong || undefined };
}

function judgeIsp(before: Observation, after: Observation): Finding {
  const wrong = [
    ...(before.isp.length > 0 ? [] : ['before: the capture must see packets, or its silence says nothing']),
    ...(after.isp.length === 0 ? [] : ['after: not 0']),
  ].join(', ');
  return {
    what: 'packets seen at the isp',
    before: String(before.isp.length),
    after: String(after.isp.length),
    wrong: wrong || undefined,
  };
}

/** Sources of packets to the internet address. */
function sources(packets: readonly Packet[], family: Family): readonly string[] {
  const { internet } = addressesOf(family);
  return packets.filter(({ destination }) => destination === internet).map(({ source }) => source);
}

function listed(values: readonly string[]): string {
  return [...new Set(values)].sort().join(', ') || 'none';
}

function judgeRoundTrip(before: Observation, after: Observation): Finding {
  const unanswered = [before, after].some(
    ({ roundTrips, containers }) => roundTrips.length < containers.length,
  );
  return {
    what: 'round trip, shortest',
    before: shortest(before),
    after: shortest(after),
    wrong: unanswered ? 'a container had no answer to its pings' : undefined,
  };
}

function shortest({ roundTrips }: Observation): string {
  return roundTrips.length > 0 ? `${Math.min(...roundTrips).toFixed(2)} ms` : 'none';
}
