import { describe, expect, it } from 'vitest';
import type { Link } from '../../state/facts.ts';
import type { NodeNetwork } from '../../topology/role.ts';
import type { Sighting } from '../probe/captures.ts';
import { type Asked, judgeNames } from './names.ts';
import { makeQuestion, questionFilter } from '../probe/question.ts';
import { parseNameServers } from '../verify-names.ts';

const network: NodeNetwork = {
  name: 'web',
  engine: 'podman',
  subnets: ['10.89.4.0/24'],
  direct: ['192.168.60.0/24'],
  blocked: [],
  gateway: 'office',
  nextHops: ['192.168.50.2'],
};
const links: Link[] = [
  { name: 'eth0', index: 2, ethernet: true, addresses: ['192.168.50.10/24'] },
  { name: 'podman1', index: 3, ethernet: true, type: 'bridge', addresses: ['10.89.4.1/24'] },
];
const macs = { gateway: '46:5b:c9:e1:d8:75', router: '46:5b:c9:e1:d8:76' };
const neighbours = [
  { dst: '192.168.50.2', dev: 'eth0', lladdr: macs.gateway, state: [] },
  { dst: '192.168.50.1', dev: 'eth0', lladdr: macs.router, state: [] },
];

function sighting(different: Partial<Sighting>): Sighting {
  const packet = {
    protocol: 'udp',
    source: '10.89.4.2',
    destination: '10.89.4.1',
    ttl: 64,
    length: 60,
  } as const;
  return { ...packet, link: 'podman1', direction: 'in', ...different };
}

const entered = sighting({});
const outside = { link: 'eth0', direction: 'out' } as const;
const byHost = sighting({
  ...outside,
  source: '192.168.50.10',
  destination: '192.168.50.1',
  toMac: macs.router,
});
const byGateway = sighting({ ...outside, destination: '9.9.9.9', toMac: macs.gateway });
const toDirect = sighting({ ...outside, destination: '192.168.60.53', toMac: macs.router });

function judged(packets: readonly Sighting[], different: Partial<NodeNetwork & Asked> = {}) {
  const ways = [{ link: 'eth0', nextHop: '192.168.50.2' }];
  const asked = { server: '10.89.4.1', answered: true, packets, links, neighbours, ways, ...different };
  const { ok, evidence } = judgeNames({ ...network, ...different }, asked);
  return [ok, evidence];
}

const said = { nameServers: ['9.9.9.9'] };
const heard = 'asked 10.89.4.1, which answered';
const leftByHost = `${heard}; the query left by eth0 to 192.168.50.1 (${macs.router}), from 192.168.50.10 to 192.168.50.1: past gateway office`;

describe('the way of a question', () => {
  it.each<[string, unknown[], unknown[]]>([
    [
      'the engine’s, past the gateway',
      judged([entered, byHost]),
      ['not-checked', `${leftByHost}; \`dns:\` in the file changes that`],
    ],
    ['past the gateway, and the file says otherwise', judged([entered, byHost], said), [false, leftByHost]],
    [
      'by the gateway',
      judged([entered, byGateway], said),
      [true, `${heard}; the query left by eth0 to 192.168.50.2 (${macs.gateway}), from 10.89.4.2 to 9.9.9.9`],
    ],
    [
      'direct, as its destination is',
      judged([entered, toDirect], { nameServers: ['192.168.60.53'] }),
      [
        true,
        `${heard}; the query left by eth0 to 192.168.50.1 (${macs.router}), from 10.89.4.2 to 192.168.60.53`,
      ],
    ],
    [
      'both ways',
      judged([entered, byGateway, byHost], said),
      [false, expect.stringContaining(': past gateway office')],
    ],
    ['none', judged([entered]), ['not-checked', `${heard}; no query left this host`]],
    [
      'none, and no answer',
      judged([], { ...said, answered: false }),
      [false, 'asked 10.89.4.1, and no answer came; no query left this host'],
    ],
  ])('%s', (_, found, expected) => {
    expect(found).toEqual(expected);
  });
});

describe('a question', () => {
  it('is a DNS message for an address', () => {
    const { name, message } = makeQuestion(258);
    expect(name).toBe('00000000258.example.com');
    expect(message.toString('latin1')).toBe(
      '\x02\x01\x01\0\0\x01\0\0\0\0\0\0\x0b00000000258\x07example\x03com\0\0\x01\0\x01',
    );
  });

  it('is found by the first words of its name', () => {
    expect(questionFilter(makeQuestion(258))).toBe(
      '(udp dst port 53 and udp[20:4] = 0xb303030 and udp[24:4] = 0x30303030 and udp[28:4] = 0x30323538)' +
        ' or (ip6[6] = 17 and ip6[42:2] = 53 and ip6[60:4] = 0xb303030 and ip6[64:4] = 0x30303030 and ip6[68:4] = 0x30323538)',
    );
  });

  it('is another one each time', () => {
    expect(makeQuestion().name).not.toBe(makeQuestion().name);
  });
});

describe('a resolv.conf', () => {
  it('names its servers, and nothing else counts', () => {
    const text =
      'search dns.podman\nnameserver 10.89.4.1\n#nameserver 9.9.9.9\nnameserver  FD00::1 \nnameserver x\n';
    expect(parseNameServers(text)).toEqual(['10.89.4.1', 'fd00::1']);
    expect(parseNameServers('')).toEqual([]);
  });
});
