/**
 * What a packet costs with `mode: balance`, and with other ways to spread connections over members, side by side with
 * `mode: failover`. The others are put by hand over the failover state of the node; all paths lead to one gateway, so
 * that nothing else differs.
 *
 *     npm run build && sudo node scripts/bench.js bench/failover/balance.ts
 */
import { addresses } from '../../src/lab/layout.ts';
import type { TestHost } from '../../src/lab/test-host.ts';
import { compare } from '../compare.ts';
import type { BenchLab } from '../lab/bench-lab.ts';
import { withLabs } from '../lab/labs.ts';
import { fileFor } from '../lab/networks.ts';
import { applyOn } from '../lab/program.ts';
import { pings, smallPackets } from '../measures/measures.ts';
import { full } from '../effort.ts';
import { median, quantile } from '../statistics.ts';

const networks = { count: 1, others: 'other nodes' as const };
const rounds = Number(process.env['ROUNDS'] ?? 7);
const second = 'gw2: 192.168.50.3';

/** @returns the file of the lab with two members */
function fileWith(keys: string): string {
  return fileFor(networks)
    .replace('  gw1:', `  ${second}\n  gw1:`)
    .replace(' } }]', ` } }, { host: gw2, uplink: { device: uplink0 } }]\n${keys}`);
}

const slots = Array.from({ length: 64 }, (_, slot) => `${slot} : goto to_gw${1 + (slot % 2)}`).join(', ');
const member = 'add rule inet mustredirect';
const marks = `add chain inet mustredirect to_gw1
add chain inet mustredirect to_gw2
${member} to_gw1 meta mark set meta mark & 0xffffff80 | 0x70
${member} to_gw2 meta mark set meta mark & 0xffffff80 | 0x71
add map inet mustredirect slots { typeof meta length : verdict; }
add element inet mustredirect slots { ${slots} }
`;
const bySlot = 'jhash ip saddr . ip daddr mod 64 seed 0x1 vmap @slots';
const byConnection = `add map inet mustredirect kept { type mark : verdict; elements = { 0x70 : goto to_gw1, 0x71 : goto to_gw2 } }
add chain inet mustredirect first1
add chain inet mustredirect first2
${member} first1 ct mark set ct mark & 0xffffff80 | 0x70 goto to_gw1
${member} first2 ct mark set ct mark & 0xffffff80 | 0x71 goto to_gw2
add map inet mustredirect firsts { typeof meta length : verdict; }
add element inet mustredirect firsts { ${slots.replaceAll('to_gw', 'first')} }
${member} marks4 ct mark & 0x7f vmap @kept
${member} marks4 jhash ip saddr . ip daddr mod 64 seed 0x1 vmap @firsts
`;

const tables = async (node: TestHost, preference: number): Promise<void> => {
  for (const [mark, table] of [
    ['0x70', '3001'],
    ['0x71', '3002'],
  ] as const) {
    await node.run(['ip', 'route', 'add', 'default', 'via', addresses.gw1, 'table', table]);
    const rule = ['pref', `${preference}`, 'fwmark', `${mark}/0x7f`, 'lookup', table];
    await node.run(['ip', 'rule', 'add', ...rule]);
  }
};
const nft = (node: TestHost, input: string) => node.run(['nft', '-f', '-'], { input });
const ip = (node: TestHost, ...lines: readonly string[]) =>
  node.run(['ip', '-batch', '-'], { input: `${lines.join('\n')}\n` });
const via = `via ${addresses.gw1} dev eth0`;

/** Put over the failover state of the node. */
const candidates: Readonly<Record<string, (node: TestHost) => Promise<unknown>>> = {
  'failover again': async () => {},
  'multipath route': (node) =>
    ip(node, `route replace default table 2184 protocol 136 nexthop ${via} weight 1 nexthop ${via} weight 2`),
  'resilient group': (node) =>
    ip(
      node,
      `nexthop add id 1 ${via}`,
      `nexthop add id 2 ${via}`,
      'nexthop add id 3 group 1/2 type resilient buckets 64 idle_timer 60',
      'route replace default table 2184 protocol 136 nhid 3',
    ),
  'slots, rules first': async (node) => {
    await nft(node, `${marks}${member} marks4 ${bySlot}\n`);
    await tables(node, 4020);
  },
  'slots, rules last': async (node) => {
    await nft(node, `${marks}${member} marks4 ${bySlot}\n`);
    await tables(node, 4099);
  },
  'slots and connection, rules first': async (node) => {
    await nft(node, `${marks}${byConnection}`);
    await tables(node, 4020);
  },
};

const product = 'mode: balance';

export async function main(root: string): Promise<void> {
  const labels = ['failover', ...Object.keys(candidates), product];
  const context = {
    effort: full,
    root,
    node: process.execPath,
    name: `balance-${process.pid}`,
    progress: (text: string) => process.stderr.write(`${text}\n`),
  };
  const wanted = labels.map((label) => ({ variant: 'mustredirect' as const, networks, label }));
  const series = await withLabs(context, wanted, async (labs) => {
    for (const { at, variant } of labs) await prepare(at, root, variant);
    return compare(labs, [pings(full.pings), smallPackets(full.seconds)], rounds, context.progress);
  });
  const plain = series.filter(({ variant }) => variant === 'failover');
  for (const { measure, variant, unit, samples } of series) {
    const reference = plain.find((one) => one.measure === measure)?.samples ?? [];
    const ratios = samples.map((sample, round) => sample / (reference[round] ?? NaN));
    const [middle, low, high] = [0.5, 0.25, 0.75].map((share) => quantile(ratios, share).toFixed(3));
    const share = `${middle} (${low} to ${high})`;
    process.stdout.write(
      `${measure}: ${variant}: ${median(samples).toFixed(2)} ${unit}, ${share} of failover\n`,
    );
  }
}

async function prepare({ world: { hosts } }: BenchLab, root: string, variant: string): Promise<void> {
  const keys = variant === product ? '    mode: balance\n' : '    check: {}\n';
  for (const host of [hosts.gw1, hosts.node1]) await applyOn(host, fileWith(keys), root);
  await candidates[variant]?.(hosts.node1);
  if (variant === product) await toOneGateway(hosts.node1);
}

/** The second member of the file is no host: its packets go to the first one. */
async function toOneGateway(node: TestHost): Promise<void> {
  const rules = await node.run(['ip', 'rule', 'show', 'preference', '4030']);
  for (const [, table = ''] of rules.matchAll(/lookup (\d+)/g))
    await ip(node, `route replace default table ${table} protocol 136 ${via}`);
}
