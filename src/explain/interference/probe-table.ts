/**
 * The nft table that traces a probe, and keeps it from going anywhere but by its right way. Most of its chains are empty: a
 * traced packet leaves a line at each of them all the same, which tells how far it came.
 */
import { type Family, families } from '../../address/cidr.ts';
import { word } from '../../desired/nft/word.ts';
import { type Flow, outsidePort } from './flow.ts';
import type { Path, Side } from './path.ts';

export type Hook = 'prerouting' | 'input' | 'forward' | 'postrouting';

interface Marker {
  readonly hook: Hook;
  readonly chain: string;
  readonly priority: number;
}

const last = 0x7fffffff;

/** In the order in which a packet meets them. Behind raw (-300), mangle (-150), dstnat (-100), filter (0), srcnat (100). */
export const markers: readonly Marker[] = [
  { hook: 'prerouting', chain: 'prerouting_begin', priority: -500 },
  { hook: 'prerouting', chain: 'prerouting_raw', priority: -299 },
  { hook: 'prerouting', chain: 'prerouting_mangle', priority: -149 },
  { hook: 'prerouting', chain: 'prerouting_end', priority: last },
  { hook: 'input', chain: 'input_begin', priority: -500 },
  { hook: 'forward', chain: 'forward_begin', priority: -500 },
  { hook: 'forward', chain: 'forward_mangle', priority: -149 },
  { hook: 'forward', chain: 'forward_end', priority: last },
  { hook: 'postrouting', chain: 'postrouting_begin', priority: -500 },
  { hook: 'postrouting', chain: 'postrouting_mangle', priority: -149 },
  // Between our own nat chain (90) and our own last look (110), which would count what has lost its source.
  { hook: 'postrouting', chain: 'postrouting_source', priority: 105 },
  // Before conntrack takes what left for seen: an answer is an answer to something.
  { hook: 'postrouting', chain: 'postrouting_end', priority: last - 1 },
];

export const tablePrefix = 'mustredirect_probe_';

/** One line for `nft -i`. The table belongs to the program that made it: however that ends, the kernel removes the table. */
export function tableCommands(table: string, flows: readonly Flow[]): string {
  const of = `inet ${table}`;
  return [
    `add table ${of} { flags owner; }`,
    `add chain ${of} out`,
    `add chain ${of} back`,
    ...markers.map(
      ({ hook, chain, priority }) =>
        `add chain ${of} ${chain} { type filter hook ${hook} priority ${priority}; }`,
    ),
    ...rulesOf(flows).map(([chain, rule]) => `add rule ${of} ${chain} ${rule}`),
  ].join('; ');
}

type ChainRule = readonly [chain: string, rule: string];

function rulesOf(flows: readonly Flow[]): ChainRule[] {
  const paths = [...new Map(flows.map((flow) => [flow.port, flow.path]))];
  return [
    ...families.flatMap((family) => familyRules(family, flows)),
    ...paths.flatMap(([port, path]) => pathRules(port, path)),
  ];
}

function familyRules(family: Family, flows: readonly Flow[]): ChainRule[] {
  const some = flows.filter(({ path }) => path.family === family);
  if (some.length === 0) return [];
  const ip = word(family);
  const ports = some.map(({ port }) => port);
  const range = `${Math.min(...ports)}-${Math.max(...ports)}`;
  const targets = `{ ${unique(some.map(({ path }) => path.target)).join(', ')} }`;
  const sources = `{ ${unique(some.map(({ path }) => path.source)).join(', ')} }`;
  const sent = `meta l4proto { tcp, udp } th sport ${range}`;
  const answer = `${ip} saddr ${targets} meta l4proto { tcp, udp } th sport ${outsidePort}`;
  return [
    ['prerouting_begin', `${ip} daddr ${targets} ${sent} meta nftrace set 1`],
    ['prerouting_begin', `${answer} meta nftrace set 1`],
    // Whatever should have gone on and comes to this host instead is not answered.
    ['input_begin', `${ip} saddr ${sources} ${sent} drop`],
    ['input_begin', `${answer} drop`],
    ['forward_begin', `${ip} saddr ${sources} ${sent} ${ip} daddr != ${targets} drop`],
    ['forward_begin', `${ip} daddr ${targets} ${sent} jump out`],
    ['forward_begin', `${answer} jump back`],
    // What the next hop says of its short life is for nobody, and no leak where its way is wrong.
    ['forward_begin', `ct state related ct original ${ip} daddr ${targets} drop`],
    // Here it has arrived, and no container shall see it.
    ['postrouting_end', `${answer} drop`],
  ];
}

/** Before the guard of our own table, which would count it as stopped. */
function pathRules(port: number, path: Path): ChainRule[] {
  const { family, source, target, inner, outer } = path;
  const ip = word(family);
  const out = `${ip} saddr ${source} th sport ${port}`;
  return [
    ...elsewhere(family, outer).map((way): ChainRule => ['out', `${out} ${way} drop`]),
    ...elsewhere(family, inner).map((way): ChainRule => ['back', `${ip} daddr ${source} ${way} drop`]),
    ...(path.keepsSource
      ? ([
          [
            'postrouting_source',
            `ct direction original ct original ${ip} daddr ${target} ct original ${ip} saddr ${source} ${ip} saddr != ${source} drop`,
          ],
        ] as const)
      : []),
  ];
}

function elsewhere(family: Family, { device, nextHop }: Side): string[] {
  return [
    `oifname != "${device}"`,
    ...(nextHop === undefined ? [] : [`rt ${word(family)} nexthop != ${nextHop}`]),
  ];
}

function unique<T>(values: readonly T[]): T[] {
  return [...new Set(values)];
}
