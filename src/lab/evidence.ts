/** What was seen on the wire while containers talked to the internet, and whether it is as promised. */
import type { Family } from '../address/cidr.ts';
import type { Packet } from '../host/capture/packet.ts';
import { addressesOf } from './layout.ts';

/** What one round of traffic of one family showed. */
export interface Observation {
  readonly family: Family;
  /** addresses of the containers that sent */
  readonly containers: readonly string[];
  /** what the internet address answered each of them */
  readonly answers: readonly string[];
  /** milliseconds, the shortest of each container that had an answer: the first packet of all waits for ARP */
  readonly roundTrips: readonly number[];
  readonly gatewayLan: readonly Packet[];
  readonly gatewayUplink: readonly Packet[];
  readonly isp: readonly Packet[];
}

export interface Finding {
  readonly what: string;
  readonly before: string;
  readonly after: string;
  /** how it has to be, when it is not */
  readonly wrong?: string | undefined;
}

/** Compares both rounds with what must be: `before` shows that the captures would see a leak. */
export function judge(before: Observation, after: Observation): readonly Finding[] {
  const addresses = addressesOf(after.family);
  return [
    finding('answer to the container', before, after, ({ answers }) => answers, {
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

/** Who sent to the internet address. */
function sources(packets: readonly Packet[], family: Family): readonly string[] {
  const { internet } = addressesOf(family);
  return packets.filter(({ destination }) => destination === internet).map(({ source }) => source);
}

function listed(values: readonly string[]): string {
  return [...new Set(values)].sort().join(', ') || 'none';
}

function judgeRoundTrip(before: Observation, after: Observation): Finding {
  const silent = [before, after].some(({ roundTrips, containers }) => roundTrips.length < containers.length);
  return {
    what: 'round trip, shortest',
    before: shortest(before),
    after: shortest(after),
    wrong: silent ? 'a container had no answer to its pings' : undefined,
  };
}

function shortest({ roundTrips }: Observation): string {
  return roundTrips.length > 0 ? `${Math.min(...roundTrips).toFixed(2)} ms` : 'none';
}
