import { describe, expect, it } from 'vitest';
import { givenFacts, givenNetwork } from '../../tests/given/facts.ts';
import { recordedHost } from '../engines/recorded-host.ts';
import type { DesiredObject } from '../desired/redirect.ts';
import type { AttachedContainer, Link } from '../state/facts.ts';
import type { Rule } from '../kinds/rule/schema.ts';
import type { NodeNetwork } from '../topology/role.ts';
import { findStrictLinks } from './strict-links.ts';

const web: NodeNetwork = {
  name: 'web',
  engine: 'podman',
  subnets: ['10.89.4.0/24'],
  direct: [],
  blocked: [],
  gateway: 'office',
  nextHops: ['192.168.50.2'],
};
const publisher: AttachedContainer = { name: 'server', running: true, publishes: true };

function link(name: string, address: string, more: Partial<Link> = {}): Link {
  return { name, index: 9, ethernet: true, addresses: [address], ...more };
}

const eth0 = link('eth0', '192.168.50.10/24');
const eth1 = link('eth1', '192.168.60.10/24');

interface Given {
  readonly links?: readonly Link[];
  readonly container?: AttachedContainer;
  /** device -> rp_filter */
  readonly filters?: Readonly<Record<string, string>>;
  readonly defaultHops?: readonly { readonly via: string; readonly device: string }[];
  readonly wanted?: readonly DesiredObject[];
}

function steering(how: Partial<Rule>): DesiredObject {
  const action = { kind: 'lookup', table: 2184 } as const;
  return { object: { kind: 'rule', family: 4, preference: 4100, action, ...how }, why: '' };
}

async function problems({ links = [eth0, eth1], container = publisher, filters, ...given }: Given) {
  const { defaultHops = [], wanted = [] } = given;
  const files = Object.fromEntries(
    Object.entries(filters ?? { all: '1' }).map(([device, value]) => [
      `/proc/sys/net/ipv4/conf/${device}/rp_filter`,
      `${value}\n`,
    ]),
  );
  const facts = givenFacts({
    links: [link('lo', '127.0.0.1/8'), ...links],
    networks: [givenNetwork({ attached: [container] })],
    defaultHops,
  });
  const role = { host: 'node1', addresses: [], gateways: [], networks: [web] };
  const found = await findStrictLinks(
    { host: recordedHost({ files }), role },
    { facts, desired: { wanted } },
  );
  return found.map(({ problem }) => / through (\S+), because/.exec(problem)?.[1]);
}

describe('other bridges with published ports that redirected containers cannot reach', () => {
  const bridge = link('docker0', '172.17.0.1/16', { type: 'bridge' });
  const published: DesiredObject = {
    object: {
      kind: 'nft-set',
      name: 'published4',
      type: ['ipv4_addr'],
      counted: false,
      elements: ['172.17.0.0/16'],
    },
    why: '',
  };
  const save = 'iptables-save -t nat';
  const rule = (to: string) =>
    `-A DOCKER ! -i docker0 -p tcp --dport 8080 -j DNAT --to-destination ${to}:80\n`;

  async function named(filters: string, outputs: Readonly<Record<string, string>>, table = ['ip', 'nat']) {
    const [family = '', name = ''] = table;
    const facts = givenFacts({
      links: [eth0, bridge],
      foreignChains: [{ family, table: name, name: 'DOCKER' }],
    });
    const files = { '/proc/sys/net/ipv4/conf/docker0/rp_filter': `${filters}\n` };
    const found = await findStrictLinks(
      {
        host: recordedHost({ files, outputs }),
        role: { host: 'node1', addresses: [], gateways: [], networks: [web] },
      },
      { facts, desired: { wanted: [published] } },
    );
    return found.map(({ problem }) => / on (\S+), because/.exec(problem)?.[1]);
  }

  it.each<[string, string, Readonly<Record<string, string>>, string[], string[]?]>([
    ['a port of iptables', '1', { [save]: rule('172.17.0.2') }, ['docker0']],
    [
      'a port of nft',
      '1',
      { 'nft list table inet netavark': 'tcp dport 8080 dnat ip to 172.17.0.2:80\n' },
      ['docker0'],
      ['inet', 'netavark'],
    ],
    ['a port of another bridge', '1', { [save]: rule('10.1.0.2') }, []],
    ['a bridge with a loose filter', '2', { [save]: rule('172.17.0.2') }, []],
    ['no ports', '1', { [save]: '' }, []],
    ['no iptables', '1', {}, []],
  ])('%s', async (_, filters, outputs, expected, table) => {
    expect(await named(filters, outputs, table)).toEqual(expected);
  });
});

describe('links by which published ports cannot be reached', () => {
  it.each<[string, Given, string[]]>([
    ['another link, strict on all', {}, ['eth1']],
    ['another link, strict itself', { filters: { all: '0', eth1: '1' } }, ['eth1']],
    ['another link, steered by source', { wanted: [steering({ from: '10.89.4.0/24' })] }, ['eth1']],
    ['another link, steered by a mark', { wanted: [steering({ fwmark: { value: 1, mask: 1 } })] }, []],
    ['another link, set to loose', { filters: { all: '1', eth1: '2' } }, []],
    ['another link, off', { filters: { all: '0', eth1: '0' } }, []],
    ['the gateway’s link only', { links: [eth0] }, []],
    ['no published ports', { container: { name: 'server', running: true } }, []],
    ['a container that publishes, and is stopped', { container: { ...publisher, running: false } }, []],
    ['a link that is down', { links: [eth0, { ...eth1, down: true }] }, []],
    ['a link with IPv6 only', { links: [eth0, link('eth1', '2001:db8::1/64')] }, []],
    [
      'bridges of this and other networks',
      {
        links: [
          eth0,
          link('podman1', '10.89.4.1/24', { type: 'bridge' }),
          link('podman2', '10.77.0.1/24', { type: 'bridge' }),
        ],
      },
      [],
    ],
    [
      'a bridge with the default route',
      {
        links: [eth0, link('br0', '192.168.60.10/24', { type: 'bridge' })],
        defaultHops: [{ via: '192.168.60.1', device: 'br0' }],
      },
      ['br0'],
    ],
  ])('%s', async (_, given, expected) => {
    expect(await problems(given)).toEqual(expected);
  });
});
