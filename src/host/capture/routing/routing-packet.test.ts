import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import * as fc from 'fast-check';
import { decodePcap } from '../packet.ts';
import type { OspfMessage } from './ospf.ts';
import { type RoutingPacket, decodeRoutingPacket } from './routing-packet.ts';
import { isSignedWith } from './md5-signature.ts';
import type { TcpMessage } from './tcp.ts';

// tcpdump 4.99.3 on a host with BIRD 2.0.12 (172.31.0.2, OSPF password "secret"); FRR 8.4 on the other side (172.31.0.1).
const recorded = readFileSync(new URL('../fixtures/routing-any.pcap', import.meta.url));
const { packets } = decodePcap(recorded, decodeRoutingPacket);

function ospf(direction: 'in' | 'out', version: 2 | 3, type: string): OspfMessage | undefined {
  return packets.flatMap((one) =>
    one.direction === direction &&
    one.message.kind === 'ospf' &&
    one.message.version === version &&
    one.message.type === type
      ? [one.message]
      : [],
  )[0];
}

function segments(direction: 'in' | 'out', port: number): TcpMessage[] {
  return packets.flatMap(({ direction: way, message }: RoutingPacket) =>
    way === direction &&
    message.kind === 'tcp' &&
    [message.sourcePort, message.destinationPort].includes(port)
      ? [message]
      : [],
  );
}

describe('a recording of routing protocols', () => {
  it('has OSPF of both versions, with what the sender has', () => {
    expect(ospf('in', 2, 'hello')).toMatchObject({
      router: '9.9.9.9',
      area: 0,
      authentication: 'cryptographic',
      signed: { keyId: 1 },
      hello: { hello: 1, dead: 4, prefixLength: 30, external: true, neighbors: ['192.168.50.2'] },
    });
    expect(ospf('in', 3, 'hello')).toMatchObject({
      router: '9.9.9.9',
      authentication: 'none',
      hello: { hello: 1, dead: 4, external: true, neighbors: ['192.168.50.2'] },
    });
    expect(ospf('out', 2, 'database description')?.mtu).toBe(1500);
    expect(ospf('out', 3, 'database description')?.mtu).toBe(1500);
  });

  it('has signatures that belong to the password', () => {
    const { signed } = ospf('in', 2, 'hello') ?? {};
    const [syn] = segments('out', 180);
    for (const one of [signed, syn?.signed]) {
      expect(one && isSignedWith(one, 'secret')).toBe(true);
      expect(one && isSignedWith(one, 'other')).toBe(false);
    }
  });

  it('has BGP, with AS numbers and the reason of the end', () => {
    expect(segments('in', 179).flatMap(({ bgp }) => bgp)).toEqual([
      { type: 'open', as: 64497, id: '9.9.9.9' },
      { type: 'notification', code: 2, subcode: 2, text: 'OPEN Message Error: Bad Peer AS' },
    ]);
    expect(segments('in', 179)[0]?.flags).toEqual(['syn', 'ack']);
  });

  it('has BFD, and the ICMP error about it', () => {
    const [bfd, error] = packets;
    expect(bfd).toMatchObject({
      direction: 'in',
      source: '172.31.0.1',
      ttl: 255,
      message: { kind: 'bfd', state: 'Down' },
    });
    expect(error?.message).toEqual({
      kind: 'error',
      error: 'port unreachable',
      protocol: 'udp',
      to: '172.31.0.2',
      port: 3784,
    });
  });

  it('may be cut anywhere, or be changed', () => {
    const frames: Buffer[] = [];
    decodePcap(recorded, (_, frame) => {
      frames.push(Buffer.from(frame));
      return undefined;
    });
    const change = fc.tuple(fc.nat(frames.length - 1), fc.nat(300), fc.nat(300), fc.nat(255));
    fc.assert(
      fc.property(change, ([index, length, at, value]) => {
        const frame = Buffer.from(frames[index] ?? '');
        if (at < frame.length) frame.writeUInt8(value, at);
        // No error is thrown, whatever comes.
        decodeRoutingPacket(276, frame.subarray(0, length));
      }),
    );
    expect(frames.length).toBe(40);
  });
});
