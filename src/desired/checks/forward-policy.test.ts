import { describe, expect, it } from 'vitest';
import { givenFacts } from '../../../tests/given/facts.ts';
import { filterChains } from '../../host/nft/forward-rule.ts';
import type { ForwardFilter } from '../../state/facts.ts';
import type { HostRole } from '../../topology/role.ts';
import { desiredState } from '../desired.ts';
import { forwardObstacles } from './forward-policy.ts';

const passages = [{ subnet: '10.89.4.0/24', inner: 'eth0', outer: 'uplink0' }];

function filterOf(rules: Readonly<Record<string, readonly string[]>>, place = {}): ForwardFilter {
  const chains = Object.entries(rules).map(
    ([name, lines]) => `\tchain ${name} {\n${lines.map((line) => `\t\t${line}\n`).join('')}\t}\n`,
  );
  const text = `table inet fw {\n${chains.join('\n')}}\n`;
  return { family: 'inet', table: 'fw', chain: 'forward', chains: filterChains(text), ...place };
}

/** what a chain with these rules would drop */
function stopped(forward: readonly string[], more: Readonly<Record<string, readonly string[]>> = {}): string {
  const [refusal] = forwardObstacles('gateway office', passages, [filterOf({ forward, ...more })]);
  return refusal?.message.replace(/.* would drop /, '') ?? 'nothing';
}

const asked = 'packets from 10.89.4.0/24';
const answers = 'replies to 10.89.4.0/24';

describe('a policy that drops', () => {
  it.each<[string, readonly string[], string]>([
    ['everything', [], `${asked} and ${answers}`],
    ['what no rule accepts', ['tcp dport 22 drop', 'counter', 'jump other'], `${asked} and ${answers}`],
    ['first packets', ['ct state established,related accept'], asked],
    ['answers', ['ip saddr 10.89.0.0/16 oifname "uplink0" accept'], answers],
    ['answers, by device', ['iifname "eth0" accept'], answers],
    [
      'other devices',
      ['iifname "wg*" accept', 'oifname { "docker0", "br0" } accept'],
      `${asked} and ${answers}`,
    ],
    [
      'other subnets',
      ['ip saddr 172.17.0.0/16 oifname "uplink0" accept', 'ip daddr != 10.0.0.0/8 iifname "uplink0" accept'],
      `${asked} and ${answers}`,
    ],
    ['nothing', ['accept'], 'nothing'],
    ['nothing, by two rules', ['ct state established accept', 'oifname "uplink*" accept'], 'nothing'],
    ['nothing, by what we do not understand', ['meta mark 0x1 accept', 'ct status dnat accept'], 'nothing'],
    [
      'nothing of a part of the subnet',
      ['ip saddr 10.89.4.7 accept', 'ip daddr 10.89.4.7 accept'],
      'nothing',
    ],
  ])('stops %s', (_, rules, message) => {
    expect(stopped(rules, { other: ['counter', 'return'] })).toBe(message);
  });

  it('of the other family stops nothing', () => {
    const filters = [filterOf({ forward: [] }, { family: 'ip6', table: 'filter' })];
    expect(forwardObstacles('gateway office', passages, filters)).toEqual([]);
  });

  it('stops callers of published ports, where there are some', () => {
    const droppedOf = (...forward: string[]) =>
      forwardObstacles(
        'gateway office',
        passages.map((passage) => ({ ...passage, called: true })),
        [filterOf({ forward })],
      );
    const [refusal] = droppedOf('iifname "eth0" accept', 'ct state established accept');
    expect(refusal?.message).toMatch(/would drop packets to published ports of 10\.89\.4\.0\/24$/);
    expect(refusal?.hint).toBe(
      'accept it there: `nft insert rule inet fw forward ip daddr 10.89.4.0/24 accept`',
    );
    expect(droppedOf('iifname "eth0" accept', 'iifname "uplink0" accept')).toEqual([]);
  });

  it('is followed into the chains that it calls', () => {
    const more = { a: ['jump b', 'return'], b: ['goto a', 'ct state new accept'] };
    expect(stopped(['oifname "uplink0" jump a'], more)).toBe(answers);
    expect(stopped(['oifname "docker0" jump a'], more)).toBe(`${asked} and ${answers}`);
    expect(stopped(['jump unseen'])).toBe('nothing');
  });

  it('is told with the command that lets both through', () => {
    const [refusal] = forwardObstacles('gateway office', passages, [filterOf({ forward: [] })]);
    expect(refusal).toEqual({
      message: `gateway office: chain forward of nft table inet fw has policy drop, and would drop ${asked} and ${answers}`,
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
  ])('of iptables is told with a command of iptables: %j', (rules, hint) => {
    const filter = filterOf(rules, { family: 'ip', table: 'filter', chain: 'FORWARD' });
    expect(forwardObstacles('gateway office', passages, [filter])).toMatchObject([{ hint }]);
  });
});

describe('who asks', () => {
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

  it('is a network whose engine accepts nothing itself', () => {
    expect(closed({ networks: [network('external')] })).toEqual([`network web: ${answers}`]);
    expect(closed({ networks: [network('podman')] })).toEqual([]);
  });

  it('is a member', () => {
    const served = [{ network: 'db', node: 'node2', subnet: '10.90.0.0/16', nodeAddress: '192.168.50.11' }];
    const gateway = { name: 'office', uplink: { device: 'uplink0' }, snat: 'none' as const, served };
    expect(closed({ gateways: [gateway] })).toEqual([
      'gateway office: packets from 10.90.0.0/16 and replies to 10.90.0.0/16',
    ]);
  });
});
