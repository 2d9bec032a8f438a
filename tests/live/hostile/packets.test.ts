import { describe, expect, it } from 'vitest';
import { decodePacket } from '../../../src/host/capture/packet.ts';
import { checksum } from './bytes.ts';
import { idsIn } from './marker.ts';
import { craftPackets, recipesOf } from './packets.ts';
import { sceneOf } from './scene.ts';

const macs = { own: '02:00:00:00:00:02', bridge: '02:00:00:00:00:01', other: '02:00:00:00:00:03' };
const packets = craftPackets([4, 6], macs);
const named = (name: string) => packets.find((packet) => packet.name === name);
const only = (name: string): Buffer => {
  const [frame, ...more] = named(name)?.frames ?? [];
  if (!frame || more.length > 0) throw new Error(`${name}: not one frame`);
  return frame;
};

describe('craftPackets', () => {
  it('makes more than 400 packets of each family, with unique names', () => {
    for (const family of [4, 6]) {
      expect(packets.filter((packet) => packet.family === family).length).toBeGreaterThan(400);
    }
    expect(new Set(packets.map(({ name }) => name)).size).toBe(packets.length);
    expect(new Set(packets.map(({ id }) => id)).size).toBe(packets.length);
  });

  it('makes packets that differ in more than their number', () => {
    for (const family of [4, 6] as const) {
      const frames = recipesOf(sceneOf(family), macs).map((recipe) =>
        Buffer.concat(recipe.frames(1)).toString('hex'),
      );
      expect(frames.filter((frame, index) => frames.indexOf(frame) !== index)).toEqual([]);
    }
  });

  it('puts the number into every frame, except where 8 bytes are too short for it', () => {
    const unmarked = packets.flatMap(({ id, name, frames }) =>
      frames
        .filter((frame) => !name.endsWith('of 8 bytes') || frame.length > 70)
        .every((frame) => idsIn(frame).has(id))
        ? []
        : [name],
    );
    expect(unmarked).toEqual([]);
  });

  it('limits every frame to 1514 bytes', () => {
    expect(packets.filter(({ frames }) => frames.some((frame) => frame.length > 1514))).toEqual([]);
  });

  it.each([4, 6] as const)('uses the addresses of the name: IPv%i', (family) => {
    const { addresses } = sceneOf(family);
    expect(decodePacket(1, only(`IPv${family} outside > node: UDP`))).toMatchObject({
      source: addresses.outside,
      destination: addresses.node,
      protocol: 'udp',
      destinationPort: 80,
      toMac: macs.bridge,
      ttl: 64,
    });
    expect(decodePacket(1, only(`IPv${family} post > port of plain: SYN`))).toMatchObject({
      source: addresses.post,
      destination: addresses.node,
      destinationPort: 8083,
    });
  });

  it('has valid checksums unless the name says otherwise', () => {
    const wrong = packets.flatMap(({ name, family, frames }) =>
      family === 4 && !/claimed by|frame type|tag|SNAP|bad checksum$/.test(name)
        ? frames
            .filter((frame) => checksum(frame.subarray(14, 14 + (frame.readUInt8(14) & 15) * 4)) !== 0)
            .map(() => name)
        : [],
    );
    expect(wrong).toEqual([]);
  });

  it('allows an own source to leave by its gateway, and a foreign one nowhere', () => {
    expect(named('IPv4 own > isp only: UDP')?.allowed).toEqual(['gateway', 'uplink']);
    expect(packets.find(({ name }) => name.startsWith('IPv6 own > direct:'))?.allowed).toEqual(['isp']);
    const foreign = packets.filter(({ name }) =>
      /^IPv. (outside|post|plain|node|near) > (?!own:|same network|link multicast)/.test(name),
    );
    expect(foreign.length).toBeGreaterThan(200);
    expect(foreign.every(({ allowed }) => allowed.length === 0)).toBe(true);
    expect(packets.find(({ name }) => name.startsWith('IPv4 near > same network:'))?.allowed).toEqual([
      'near',
    ]);
  });
});

describe('idsIn', () => {
  it('finds a packet quoted in an ICMP error, and one acknowledged by a reply', () => {
    const syn = named('IPv4 outside > node: SYN');
    const whole = only('IPv4 outside > node: SYN');
    const quoted = Buffer.concat([Buffer.alloc(42), whole.subarray(14)]);
    expect([...idsIn(quoted)]).toEqual([syn?.id]);
    const answer = Buffer.from(whole.subarray(0, 54));
    answer.writeUInt32BE(0, 38);
    answer.writeUInt32BE(answer.readUInt32BE(42) + 65, 42);
    expect([...idsIn(answer)]).toEqual([syn?.id]);
  });

  it('finds none in other traffic', () => {
    expect(idsIn(Buffer.alloc(60)).size).toBe(0);
  });
});
