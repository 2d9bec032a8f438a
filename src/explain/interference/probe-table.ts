/**
 * nft table that traces the packets of a probe and drops those that leave their path. Most of its chains are empty: a
 * trace has a line for each chain that the packet passes, which shows how far it came.
 */
import { type Family, families } from '../../address/cidr.ts';
import { ipKeyword } from '../../desired/nft/ip-keyword.ts';
import { type Flow, remotePort } from './flow.ts';
import type { Path, Side } from './path.ts';

export type Hook = 'prerouting' | 'input' | 'forward' | 'postrouting';

interface TraceChain {
  readonly hook: Hook;
  readonly chain: string;
  readonly priority: number;
}

const last = 0x7fffffff;

/** Chains in packet order, between raw (-300), mangle (-150), dstnat (-100), filter (0) and srcnat (100). */
export const traceChains: readonly TraceChain[] = [
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
  // Between our nat chain (90) and our postrouting check (110), which would count packets without their source.
  { hook: 'postrouting', chain: 'postrouting_source', priority: 105 },
  // Before conntrack confirms the entry (at the last priority): the reply needs an entry to belong to.
  { hook: 'postrouting', chain: 'postrouting_end', priority: last - 1 },
];

export const tablePrefix = 'mustredirect_probe_';

/** One line for `nft -i`. nft owns the table: the kernel removes it when nft ends, however it ends. */
export function tableCommands(table: string, flows: readonly Flow[]): string {
  const of = `inet ${table}`;
  return [
    `add table ${of} { flags owner; }`,
    `add chain ${of} out`,
    `add chain ${of} back`,
    ...traceChains.map(
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
  const ip = ipKeyword(family);
  const ports = some.map(({ port }) => port);
  const range = `${Math.min(...ports)}-${Math.max(...ports)}`;
  const targets = `{ ${unique(some.map(({ path }) => path.target)).join(', ')} }`;
  const sources = `{ ${unique(some.map(({ path }) => path.source)).join(', ')} }`;
  const sent = `meta l4proto { tcp, udp } th sport ${range}`;
  const reply = `${ip} saddr ${targets} meta l4proto { tcp, udp } th sport ${remotePort}`;
  return [
    ['prerouting_begin', `${ip} daddr ${targets} ${sent} meta nftrace set 1`],
    ['prerouting_begin', `${reply} meta nftrace set 1`],
    // Packets that are delivered to this host instead of being forwarded get no reply.
    ['input_begin', `${ip} saddr ${sources} ${sent} drop`],
    ['input_begin', `${reply} drop`],
    ['forward_begin', `${ip} saddr ${sources} ${sent} ${ip} daddr != ${targets} drop`],
    ['forward_begin', `${ip} daddr ${targets} ${sent} jump out`],
    ['forward_begin', `${reply} jump back`],
    // The next hop's time-exceeded errors are dropped: without a recipient, they would count as leaks.
    ['forward_begin', `ct state related ct original ${ip} daddr ${targets} drop`],
    // The reply has arrived here: it is dropped before it reaches the container.
    ['postrouting_end', `${reply} drop`],
  ];
}

/** Rules before the guard of our own table, which would count these packets as dropped. */
function pathRules(port: number, path: Path): ChainRule[] {
  const { family, source, target, inner, outer } = path;
  const ip = ipKeyword(family);
  const out = `${ip} saddr ${source} th sport ${port}`;
  return [
    ...otherEgress(family, outer).map((match): ChainRule => ['out', `${out} ${match} drop`]),
    ...otherEgress(family, inner).map((match): ChainRule => ['back', `${ip} daddr ${source} ${match} drop`]),
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

function otherEgress(family: Family, { device, nextHop }: Side): string[] {
  return [
    `oifname != "${device}"`,
    ...(nextHop === undefined ? [] : [`rt ${ipKeyword(family)} nexthop != ${nextHop}`]),
  ];
}

function unique<T>(values: readonly T[]): T[] {
  return [...new Set(values)];
}
