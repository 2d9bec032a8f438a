import { describe, expect, it } from 'vitest';
import { createPingReader } from './ping-output.ts';

const head = 'PING 1.1.1.1 (1.1.1.1) from 10.89.4.1 : 56(84) bytes of data.\n';
const answer = (probe: number, time: number): string =>
  `64 bytes from 1.1.1.1: icmp_seq=${probe} ttl=64 time=${time} ms\n`;
const silence = (probe: number): string => `no answer yet for icmp_seq=${probe}\n`;

/** Samples of texts that come at these times: a round trip, or `lost`. */
function samplesOf(interval: number, ...texts: readonly (readonly [number, string])[]) {
  const reader = createPingReader(interval, '1.1.1.1');
  return texts.map(([now, text]) => reader.read(text, now).map(({ roundTrip }) => roundTrip ?? 'lost'));
}

describe('the output of ping', () => {
  it('has answers with their round trips', () => {
    expect(samplesOf(200, [0, head], [5, answer(1, 0.103)], [205, answer(2, 4)])).toEqual([[], [0.103], [4]]);
  });

  it('has a lost probe when the next one is sent', () => {
    const texts = [
      [5, answer(1, 5)],
      [400, silence(2)],
      [600, silence(3)],
    ] as const;
    expect(samplesOf(200, ...texts)).toEqual([[5], ['lost'], ['lost']]);
  });

  it('has no lost probe where answers usually take longer than until the next probe', () => {
    const texts = [
      [50, silence(1)],
      [80, answer(1, 80)],
      [100, silence(2)],
      [130, answer(2, 80)],
      [150, silence(3)],
      [200, silence(4)],
      [340, silence(5)],
      [345, silence(6)],
    ] as const;
    expect(samplesOf(50, ...texts)).toEqual([[], [80], [], [80], [], [], ['lost'], []]);
  });

  it('counts a late answer once, as lost', () => {
    const texts = [
      [5, answer(1, 5)],
      [400, silence(2)],
      [500, answer(2, 300)],
    ] as const;
    expect(samplesOf(200, ...texts)).toEqual([[5], ['lost'], []]);
  });

  it('goes on when the numbers of the probes begin again, after 65535', () => {
    const reader = createPingReader(200, '1.1.1.1');
    const samples = (text: string, now: number) =>
      reader.read(text, now).map(({ roundTrip }) => roundTrip ?? 'lost');
    for (let probe = 1; probe <= 65_535; probe += 1) expect(samples(answer(probe, 5), 0)).toEqual([5]);
    expect(samples(answer(0, 5), 10)).toEqual([5]);
    expect(samples(answer(1, 5), 210)).toEqual([5]);
    expect(samples(silence(2), 610)).toEqual(['lost']);
    expect(samples(answer(2, 300), 620)).toEqual([]);
    expect(samples(answer(3, 5), 630)).toEqual([5]);
  });

  it('waits a second for the first answer', () => {
    const texts = [
      [200, silence(1)],
      [400, silence(2)],
      [1000, silence(5)],
      [1200, silence(6)],
    ] as const;
    expect(samplesOf(200, ...texts)).toEqual([[], [], ['lost'], ['lost']]);
  });

  it('comes in pieces', () => {
    expect(samplesOf(200, [0, '64 bytes from 1.1.1.1: icmp_'], [1, 'seq=1 ttl=64 time=7.5 ms\n'])).toEqual([
      [],
      [7.5],
    ]);
  });

  it('has an ICMP error as nothing: any container can write one', () => {
    const from = 'From 10.89.4.7 icmp_seq=2 Destination Net Unreachable\n';
    const texts = [
      [5, answer(1, 5)],
      [210, from],
      [215, answer(2, 5)],
    ] as const;
    expect(samplesOf(200, ...texts)).toEqual([[5], [], [5]]);
  });

  it.each([
    ['192.168.50.2', '192.168.50.2'],
    ['fd00:50::2', 'fd00:50:0::2'],
  ])('has the time to live of answers of the member itself: %s', (target, from) => {
    const reader = createPingReader(200, target, ['192.168.50.2', 'fd00:50::2']);
    const line = `80 bytes from ${from}: icmp_seq=1 ttl=254 time=0.5 ms\n`;
    expect(reader.read(line, 5)).toEqual([{ roundTrip: 0.5, ttl: 254 }]);
  });

  it('has no time to live of others', () => {
    const reader = createPingReader(200, '1.1.1.1', ['192.168.50.2']);
    expect(reader.read(answer(1, 5), 5)).toEqual([{ roundTrip: 5 }]);
  });

  it('has no answers of other addresses: a container may send what it likes from its own', () => {
    const forged = (probe: number): string =>
      `64 bytes from 10.89.4.7: icmp_seq=${probe} ttl=64 time=0.1 ms (DIFFERENT ADDRESS!)\n`;
    const texts = [
      [5, answer(1, 5)],
      [10, forged(2)],
      [20, forged(30_000)],
      [400, silence(2)],
      [600, silence(3)],
      [605, answer(4, 5)],
    ] as const;
    expect(samplesOf(200, ...texts)).toEqual([[5], [], [], ['lost'], ['lost'], [5]]);
  });

  it('has no answers to probes that were never sent, also from the target', () => {
    const texts = [
      [5, answer(1, 5)],
      [10, answer(30_000, 0.1)],
      [20, 'From 192.168.50.2 icmp_seq=40000 Destination Host Unreachable\n'],
      [400, silence(2)],
      [605, answer(3, 5)],
    ] as const;
    expect(samplesOf(200, ...texts)).toEqual([[5], [], [], ['lost'], [5]]);
  });

  it.each([
    'From 192.168.50.2 icmp_seq=2 Destination Host Unreachable',
    'From 192.168.50.2: icmp_seq=2 Destination Net Unreachable',
    'From fd00:50::2 icmp_seq=2 Destination unreachable: No route',
    'From fd00:50::2 icmp_seq=2 Destination unreachable: Address unreachable',
  ])('has a refused probe, once, when the member itself says so: %s', (error) => {
    const reader = createPingReader(200, '1.1.1.1', ['192.168.50.2', 'fd00:50::2']);
    reader.read(answer(1, 5), 5);
    expect(reader.read(`${error}\n`, 210)).toEqual([{ roundTrip: undefined, refused: true }]);
    expect(reader.read(silence(2), 400)).toEqual([]);
    expect(reader.read(answer(3, 5), 410)).toEqual([{ roundTrip: 5 }]);
  });

  it.each([
    ['another host', 'From 192.168.50.3 icmp_seq=2 Destination Host Unreachable'],
    ['a filter', 'From 192.168.50.2 icmp_seq=2 Packet filtered'],
    ['a redirect', 'From 192.168.50.2: icmp_seq=2 Redirect Host(New nexthop: 192.168.50.3)'],
    ['a port', 'From 192.168.50.2 icmp_seq=2 Destination Port Unreachable'],
  ])('has nothing when it is %s: the probe is lost when the next one is sent', (_, error) => {
    const reader = createPingReader(200, '1.1.1.1', ['192.168.50.2']);
    reader.read(answer(1, 5), 5);
    expect(reader.read(`${error}\n`, 210)).toEqual([]);
    expect(reader.read(silence(2), 400)).toEqual([{ roundTrip: undefined }]);
  });

  it('has an unreachable host as a lost probe, once', () => {
    const from = 'From 10.89.4.1 icmp_seq=2 Destination Host Unreachable\n';
    expect(samplesOf(200, [5, answer(1, 5)], [400, silence(2)], [900, from])).toEqual([[5], ['lost'], []]);
  });
});
