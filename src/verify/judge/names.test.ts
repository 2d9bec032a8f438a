import { describe, expect, it } from 'vitest';
import type { Link } from '../../state/facts.ts';
import type { NodeNetwork } from '../../topology/role.ts';
import type { CapturedPacket } from '../probe/captures.ts';
import { type ObservedQuery, judgeNames } from './names.ts';
import { makeQuery, queryFilter } from '../probe/dns-query.ts';
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

function packetWith(different: Partial<CapturedPacket>): CapturedPacket {
  const packet = {
    protocol: 'udp',
    source: '10.89.4.2',
    destination: '10.89.4.1',
    ttl: 64,
    length: 60,
  } as const;
  return { ...packet, link: 'podman1', direction: 'in', ...different };
}

const entered = packetWith({});
const leaving = { link: 'eth0', direction: 'out' } as const;
const byHost = packetWith({
  ...leaving,
  source: '192.168.50.10',
  destination: '192.168.50.1',
  toMac: macs.router,
});
const byGateway = packetWith({ ...leaving, destination: '9.9.9.9', toMac: macs.gateway });
const toDirect = packetWith({ ...leaving, destination: '192.168.60.53', toMac: macs.router });

function judged(packets: readonly CapturedPacket[], different: Partial<NodeNetwork & ObservedQuery> = {}) {
  const egresses = [{ link: 'eth0', nextHop: '192.168.50.2' }];
  const observed = { server: '10.89.4.1', replied: true, packets, links, neighbours, egresses, ...different };
  const { ok, evidence } = judgeNames({ ...network, ...different }, observed);
  return [ok, evidence];
}

const configured = { nameServers: ['9.9.9.9'] };
const queried = 'asked 10.89.4.1, which answered';
const leftByHost = `${queried}; the query left by eth0 to 192.168.50.1 (${macs.router}), from 192.168.50.10 to 192.168.50.1: past gateway office`;

describe('judgeNames with a query that left', () => {
  it.each<[string, unknown[], unknown[]]>([
    [
      'by the host, with DNS left to the engine',
      judged([entered, byHost]),
      ['not-checked', `${leftByHost}; \`dns:\` in the file changes that`],
    ],
    [
      'by the host, with name servers in the file',
      judged([entered, byHost], configured),
      [false, leftByHost],
    ],
    [
      'by the gateway',
      judged([entered, byGateway], configured),
      [
        true,
        `${queried}; the query left by eth0 to 192.168.50.2 (${macs.gateway}), from 10.89.4.2 to 9.9.9.9`,
      ],
    ],
    [
      'by the direct route of its destination',
      judged([entered, toDirect], { nameServers: ['192.168.60.53'] }),
      [
        true,
        `${queried}; the query left by eth0 to 192.168.50.1 (${macs.router}), from 10.89.4.2 to 192.168.60.53`,
      ],
    ],
    [
      'by the gateway and by the host',
      judged([entered, byGateway, byHost], configured),
      [false, expect.stringContaining(': past gateway office')],
    ],
    ['by no link', judged([entered]), ['not-checked', `${queried}; no query left this host`]],
    [
      'by no link, without a reply',
      judged([], { ...configured, replied: false }),
      [false, 'asked 10.89.4.1, and no answer came; no query left this host'],
    ],
  ])('%s', (_, found, expected) => {
    expect(found).toEqual(expected);
  });
});

describe('makeQuestion', () => {
  it('returns a DNS query for an address', () => {
    const { name, message } = makeQuery(258);
    expect(name).toBe('00000000258.example.com');
    expect(message.toString('latin1')).toBe(
      '\x02\x01\x01\0\0\x01\0\0\0\0\0\0\x0b00000000258\x07example\x03com\0\0\x01\0\x01',
    );
  });

  it('has a filter on the first words of its name', () => {
    expect(queryFilter(makeQuery(258))).toBe(
      '(udp dst port 53 and udp[20:4] = 0xb303030 and udp[24:4] = 0x30303030 and udp[28:4] = 0x30323538)' +
        ' or (ip6[6] = 17 and ip6[42:2] = 53 and ip6[60:4] = 0xb303030 and ip6[64:4] = 0x30303030 and ip6[68:4] = 0x30323538)',
    );
  });

  it('returns a new name each time', () => {
    expect(makeQuery().name).not.toBe(makeQuery().name);
  });
});

describe('parseNameServers', () => {
  it('reads servers and skips other lines', () => {
    const text =
      'search dns.podman\nnameserver 10.89.4.1\n#nameserver 9.9.9.9\nnameserver  FD00::1 \nnameserver x\n';
    expect(parseNameServers(text)).toEqual(['10.89.4.1', 'fd00::1']);
    expect(parseNameServers('')).toEqual([]);
  });
});
