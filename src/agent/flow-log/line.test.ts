import { describe, expect, it } from 'vitest';
import { givenFlow } from '../../../tests/given/netlink.ts';
import { flowLine, lineOfText, textOfLine } from './line.ts';

const owner = { gateway: 'office', network: 'web', node: 'node1' };

describe('a line', () => {
  it('has both tuples as the packets had them', () => {
    expect(JSON.parse(textOfLine(flowLine(owner, givenFlow())))).toEqual({
      kind: 'flow',
      id: 7,
      network: 'web',
      node: 'node1',
      protocol: 'udp',
      begin: '2026-11-30T03:13:58.100Z',
      end: '2026-11-30T03:14:28.200Z',
      original: { source: '10.89.4.7', destination: '203.0.113.10', sourcePort: 5000, destinationPort: 53 },
      translated: {
        source: '198.51.100.6',
        sourcePort: 40_123,
        destination: '203.0.113.10',
        destinationPort: 53,
      },
      sent: { packets: 1, bytes: 60 },
      received: { packets: 1, bytes: 120 },
    });
  });

  it('of a published port has the container as its translated destination', () => {
    const original = {
      source: '192.0.2.99',
      destination: '198.51.100.6',
      sourcePort: 1234,
      destinationPort: 8080,
    };
    const reply = { source: '10.89.4.5', destination: '192.0.2.99', sourcePort: 80, destinationPort: 1234 };
    const { translated } = flowLine(owner, givenFlow({ original, reply, protocol: 6 }));
    expect(translated).toEqual({ ...original, destination: '10.89.4.5', destinationPort: 80 });
  });

  it('of ICMP has the identifier, one of another protocol no port', () => {
    const addresses = { source: '10.89.4.7', destination: '203.0.113.10' };
    const back = { source: '203.0.113.10', destination: '198.51.100.6' };
    const ping = givenFlow({
      protocol: 1,
      original: { ...addresses, sourcePort: 9 },
      reply: { ...back, sourcePort: 10 },
    });
    expect(flowLine(owner, ping)).toMatchObject({
      protocol: 'icmp',
      translated: { source: '198.51.100.6', sourcePort: 10, destination: '203.0.113.10' },
    });
    const other = flowLine(owner, givenFlow({ protocol: 99, original: addresses, reply: back }));
    expect(other).toMatchObject({
      protocol: '99',
      translated: { source: '198.51.100.6', destination: '203.0.113.10' },
    });
    expect(other.translated).not.toHaveProperty('sourcePort');
  });

  it('is read as it was written', () => {
    const { begin: _, end: __, sent: ___, ...young } = givenFlow();
    const lines = [
      flowLine(owner, givenFlow()),
      flowLine(owner, young),
      { kind: 'checked', time: '2026-11-30T03:14:28.200Z' },
      { kind: 'gap', from: '2026-11-30T03:14:28.200Z', to: '2026-11-30T03:15:28.200Z', why: 'x', dropped: 3 },
      { kind: 'clock', time: '2026-11-30T03:14:28.200Z', seconds: -3600.5 },
    ] as const;
    for (const line of lines) expect(lineOfText(textOfLine(line))).toEqual(line);
  });

  it.each(['', '{"kind":"flow","id":7,"net', '{"kind":"other"}', '7', '{"kind":"checked","time":"now"}'])(
    'that is not one of ours, such as %j, is left out',
    (text) => expect(lineOfText(text)).toBeUndefined(),
  );
});
