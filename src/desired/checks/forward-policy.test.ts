import { describe, expect, it } from 'vitest';
import { givenFacts } from '../../../tests/given/facts.ts';
import { filterChains } from '../../host/nft/forward-rule.ts';
import type { ForwardFilter } from '../../state/facts.ts';
import type { HostRole } from '../../topology/role.ts';
import { desiredState } from '../desired.ts';
import { forwardObstacles } from './forward-policy.ts';

const paths = [{ subnet: '10.89.4.0/24', insideDevice: 'eth0', outsideDevice: 'uplink0' }];

function filterOf(rules: Readonly<Record<string, readonly string[]>>, place = {}): ForwardFilter {
  const chains = Object.entries(rules).map(
    ([name, lines]) => `\tchain ${name} {\n${lines.map((line) => `\t\t${line}\n`).join('')}\t}\n`,
  );
  const text = `table inet fw {\n${chains.join('\n')}}\n`;
  return { family: 'inet', table: 'fw', chain: 'forward', chains: filterChains(text), ...place };
}

/** what a chain with these rules would drop */
function dropped(forward: readonly string[], more: Readonly<Record<string, readonly string[]>> = {}): string {
  const [refusal] = forwardObstacles('gateway office', paths, [filterOf({ forward, ...more })]);
  return refusal?.message.replace(/.* would drop /, '') ?? 'nothing';
}

const outgoing = 'packets from 10.89.4.0/24';
const replies = 'replies to 10.89.4.0/24';

describe('a policy that drops', () => {
  it.each<[string, readonly string[], string]>([
    ['everything', [], `${outgoing} and ${replies}`],
    [
      'packets that no rule accepts',
      ['tcp dport 22 drop', 'counter', 'jump other'],
      `${outgoing} and ${replies}`,
    ],
    ['packets of new connections', ['ct state established,related accept'], outgoing],
    ['replies', ['ip saddr 10.89.0.0/16 oifname "uplink0" accept'], replies],
    ['replies, by device', ['iifname "eth0" accept'], replies],
    [
      'packets that only other devices accept',
      ['iifname "wg*" accept', 'oifname { "docker0", "br0" } accept'],
      `${outgoing} and ${replies}`,
    ],
    [
      'packets that only other subnets accept',
      ['ip saddr 172.17.0.0/16 oifname "uplink0" accept', 'ip daddr != 10.0.0.0/8 iifname "uplink0" accept'],
      `${outgoing} and ${replies}`,
    ],
    ['nothing', ['accept'], 'nothing'],
    [
      'nothing, with two rules that accept',
      ['ct state established accept', 'oifname "uplink*" accept'],
      'nothing',
    ],
    [
      'nothing, with rules that are not understood',
      ['meta mark 0x1 accept', 'ct status dnat accept'],
      'nothing',
    ],
    [
      'nothing, if a part of the subnet is accepted',
      ['ip saddr 10.89.4.7 accept', 'ip daddr 10.89.4.7 accept'],
      'nothing',
    ],
  ])('drops %s', (_, rules, message) => {
    expect(dropped(rules, { other: ['counter', 'return'] })).toBe(message);
  });

  it('does not affect the other family', () => {
    const filters = [filterOf({ forward: [] }, { family: 'ip6', table: 'filter' })];
    expect(forwardObstacles('gateway office', paths, filters)).toEqual([]);
  });

  it('drops packets to published ports', () => {
    const droppedOf = (...forward: string[]) =>
      forwardObstacles(
        'gateway office',
        paths.map((path) => ({ ...path, hasPublished: true })),
        [filterOf({ forward })],
      );
    const [refusal] = droppedOf('iifname "eth0" accept', 'ct state established accept');
    expect(refusal?.message).toMatch(/would drop packets to published ports of 10\.89\.4\.0\/24$/);
    expect(refusal?.hint).toBe(
      'accept it there: `nft insert rule inet fw forward ip daddr 10.89.4.0/24 accept`',
    );
    expect(droppedOf('iifname "eth0" accept', 'iifname "uplink0" accept')).toEqual([]);
  });

  it('is checked in the chains that it jumps to', () => {
    const more = { a: ['jump b', 'return'], b: ['goto a', 'ct state new accept'] };
    expect(dropped(['oifname "uplink0" jump a'], more)).toBe(replies);
    expect(dropped(['oifname "docker0" jump a'], more)).toBe(`${outgoing} and ${replies}`);
    expect(dropped(['jump unseen'])).toBe('nothing');
  });

  it('is reported with the commands that accept both directions', () => {
    const [refusal] = forwardObstacles('gateway office', paths, [filterOf({ forward: [] })]);
    expect(refusal).toEqual({
      message: `gateway office: chain forward of nft table inet fw has policy drop, and would drop ${outgoing} and ${replies}`,
      hint:
        'accept it there: `nft insert rule inet fw forward ip saddr 10.89.4.0/24 accept` && ' +
        '`nft insert rule inet fw forward ip daddr 10.89.4.0/24 ct state established,related accept`',
      subnets: ['10.89.4.0/24'],
    });
  });

  it.each([
    [
      { FORWARD: ['ct state established accept'] },
      'accept it there: `iptables -I FORWARD -s 10.89.4.0/24 -j ACCEPT`',
    ],
    [
      { FORWARD: ['jump DOCKER-USER', 'ct state new accept'], 'DOCKER-USER': ['return'] },
      'accept it there: `iptables -I DOCKER-USER -d 10.89.4.0/24 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT`',
    ],
  ])('of iptables is reported with an iptables command: %j', (rules, hint) => {
    const filter = filterOf(rules, { family: 'ip', table: 'filter', chain: 'FORWARD' });
    expect(forwardObstacles('gateway office', paths, [filter])).toMatchObject([{ hint }]);
  });
});

describe('a drop policy closes', () => {
  const facts = givenFacts({
    links: [
      ...givenFacts().links,
      { name: 'uplink0', index: 3, ethernet: true, addresses: ['172.31.0.2/30'] },
      { name: 'br0', index: 4, ethernet: true, type: 'bridge', addresses: ['10.89.4.1/24'] },
    ],
    forwardFilters: [filterOf({ forward: ['iifname "br0" oifname "eth0" accept'] })],
  });
  const closed = (role: Partial<HostRole>): string[] =>
    desiredState(
      { host: 'here', addresses: [], networks: [], gateways: [], ...role },
      {},
      facts,
    ).notReady.map(({ message }) => message.replace(/:.*would drop/, ':'));
  const network = (engine: 'external' | 'podman') => ({
    name: 'web',
    engine,
    subnets: ['10.89.4.0/24'],
    direct: [],
    blocked: [],
    gateway: 'office',
    nextHops: ['192.168.50.2'],
  });

  it('an external network, but no network of an engine with its own accept rules', () => {
    expect(closed({ networks: [network('external')] })).toEqual([`network web: ${replies}`]);
    expect(closed({ networks: [network('podman')] })).toEqual([]);
  });

  it('a gateway member', () => {
    const served = [{ network: 'db', node: 'node2', subnet: '10.90.0.0/16', nodeAddress: '192.168.50.11' }];
    const gateway = { name: 'office', uplink: { device: 'uplink0' }, snat: 'none' as const, served };
    expect(closed({ gateways: [gateway] })).toEqual([
      'gateway office: packets from 10.90.0.0/16 and replies to 10.90.0.0/16',
    ]);
  });
});
