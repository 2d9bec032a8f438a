/**
 * What a datapath can be made of, one at a time, each many times over on the gateway of a lab that is plain otherwise.
 * None of them decides anything: what they cost is what they are asked for.
 */
import type { TestHost } from '../../src/lab/test-host.ts';

export interface Piece {
  readonly name: string;
  /** how many of them a packet comes by */
  readonly times: number;
  add(gateway: TestHost): Promise<unknown>;
}

const times = 10;
const many = 10_000;

/** Every second /24: no two are one larger subnet, and none of them has the container in it. */
const subnets = Array.from({ length: many }, (_, index) => `10.${index >> 7}.${2 * (index & 127)}.0/24`);

export const pieces: readonly Piece[] = [
  ...(['prerouting', 'forward', 'postrouting'] as const).map((hook) => ({
    name: `a chain without rules, ${hook}`,
    times,
    add: (gateway: TestHost) =>
      nft(
        gateway,
        repeat((index) => chain(`empty${index}`, hook, [])),
      ),
  })),
  rules('a rule that compares the source', 'ip saddr 10.254.0.1'),
  rules('a rule that compares the mark', 'meta mark 0x7'),
  rules('a rule that compares the state of the connection', 'ct state invalid'),
  rules('a rule that compares the next hop', 'rt ip nexthop 10.254.0.1'),
  rules('a counter', 'counter'),
  rules('setting the mark', 'meta mark set meta mark | 0x80'),
  rules('a set of one subnet', 'ip saddr @one', set('one', 'ipv4_addr', ['10.254.0.0/24'])),
  rules('a set of 10,000 subnets', 'ip saddr @large', set('large', 'ipv4_addr', subnets)),
  rules(
    'a set of 10,000 /24, by their first address',
    'ip saddr & 255.255.255.0 @hashed',
    `set hashed { type ipv4_addr; elements = { ${subnets.map((subnet) => subnet.replace('/24', '')).join(', ')} } }`,
  ),
  rules(
    'a map of 10,000 /24 to chains, by their first address',
    'ip saddr & 255.255.255.0 vmap @ways',
    `chain way {}
map ways { type ipv4_addr : verdict; elements = { ${subnets.map((subnet) => `${subnet.replace('/24', '')} : jump way`).join(', ')} } }`,
  ),
  rules(
    'a set of 10,000 subnets, each with a device',
    'iifname . ip saddr @placed',
    set(
      'placed',
      'ifname . ipv4_addr',
      subnets.map((subnet) => `"eth0" . ${subnet}`),
    ),
    // One of them is slow enough: all elements have the packet's device, and are looked at one by one.
    1,
  ),
  rules(
    'a set of 10,000 subnets, each with another',
    'ip saddr . ip daddr @pairs',
    set(
      'pairs',
      'ipv4_addr . ipv4_addr',
      subnets.map((subnet) => `${subnet} . 198.51.100.0/24`),
    ),
  ),
  rules(
    'a map of 10,000 subnets to chains',
    'ip saddr vmap @ways',
    `chain way {}
map ways { type ipv4_addr : verdict; flags interval; elements = { ${subnets.map((subnet) => `${subnet} : jump way`).join(', ')} } }`,
  ),
  {
    name: 'an ip rule by source',
    times,
    add: (gateway) =>
      ip(gateway, (index) => `rule add pref ${100 + index} from 10.254.${index}.0/24 lookup 77`),
  },
  {
    name: 'an ip rule by mark',
    times,
    add: (gateway) => ip(gateway, (index) => `rule add pref ${100 + index} fwmark 0x70${index} lookup 77`),
  },
  {
    name: '10,000 xfrm policies of other sources',
    times: 1,
    add: (gateway) =>
      gateway.run(['ip', '-batch', '-'], {
        input: subnets
          .map((subnet) => `xfrm policy add src ${subnet} dst 0.0.0.0/0 dir fwd action block\n`)
          .join(''),
      }),
  },
  {
    name: '10,000 routes of other destinations',
    times: 1,
    add: (gateway) =>
      gateway.run(['ip', '-batch', '-'], {
        input: subnets.map((subnet) => `route add unreachable ${subnet} metric 4294967295\n`).join(''),
      }),
  },
  {
    name: 'an xfrm policy of another source',
    times,
    add: (gateway) =>
      ip(gateway, (index) => `xfrm policy add src 10.254.${index}.0/24 dst 0.0.0.0/0 dir fwd action block`),
  },
];

/** A rule, in one chain of the forward hook. */
function rules(name: string, rule: string, before = '', count = times): Piece {
  return {
    name,
    times: count,
    add: (gateway) =>
      nft(gateway, `${before}\n${chain('rules', 'forward', Array<string>(count).fill(rule))}`),
  };
}

function set(name: string, type: string, elements: readonly string[]): string {
  return `set ${name} { type ${type}; flags interval; elements = { ${elements.join(', ')} } }`;
}

function chain(name: string, hook: string, content: readonly string[]): string {
  return `chain ${name} { type filter hook ${hook} priority 10; ${content.map((rule) => `${rule};`).join(' ')} }\n`;
}

async function nft(gateway: TestHost, content: string): Promise<string> {
  return gateway.run(['nft', '-f', '-'], {
    input: `table ip pieces {\n${content.replaceAll('; ', '\n')}\n}\n`,
  });
}

async function ip(gateway: TestHost, command: (index: number) => string): Promise<string> {
  return gateway.run(['ip', '-batch', '-'], { input: repeat((index) => `${command(index)}\n`) });
}

function repeat(text: (index: number) => string): string {
  return Array.from({ length: times }, (_, index) => text(index)).join('');
}
