/** The measures that parts choose from. */
import type { Measure } from '../compare.ts';
import type { BenchLab } from '../lab/bench-lab.ts';
import type { Egress } from '../lab/way.ts';
import { connectionRate, packetRate, roundTrip, throughput } from './traffic.ts';

type LabMeasure = Measure<BenchLab>;

/** @param amount of each burst, for iperf3 */
export function tcp(amount: string, streams: number, reverse = false): LabMeasure {
  const word = streams === 1 ? '1 stream' : `${streams} streams`;
  const options = ['-P', `${streams}`, ...(reverse ? ['-R'] : [])];
  return {
    name: `TCP, ${word}${reverse ? ' back' : ''}`,
    unit: 'Gbit/s',
    better: 'more',
    take: ({ redirected }) => throughput(redirected, amount, options),
  };
}

export function smallPackets(seconds: number, of: WayOf = redirected): LabMeasure {
  return {
    name: `UDP, 64 bytes${of.suffix}`,
    unit: 'thousand/s',
    better: 'more',
    take: (lab) => packetRate(of.way(lab), seconds),
  };
}

export function pings(count: number, of: WayOf = redirected): LabMeasure {
  return {
    name: `round trip${of.suffix}`,
    unit: 'µs',
    better: 'less',
    take: (lab) => roundTrip(of.way(lab), count),
  };
}

export function connections(): LabMeasure {
  return {
    name: 'new connections',
    unit: 'thousand/s',
    better: 'more',
    take: ({ redirected: way }) => connectionRate(way, 1),
  };
}

export interface WayOf {
  /** of the measure's name */
  readonly suffix: string;
  way(lab: BenchLab): Egress;
}

const redirected: WayOf = { suffix: '', way: (lab) => lab.redirected };

export const ofHost: WayOf = { suffix: ', the host itself', way: (lab) => lab.host };

export const ofBystander: WayOf = {
  suffix: ', a network that is not redirected',
  way({ bystander }) {
    if (!bystander) throw new RangeError('the lab has no network that is not redirected');
    return bystander;
  },
};
