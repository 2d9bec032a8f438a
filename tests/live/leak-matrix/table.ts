/** Renders the matrix as a page without values that differ from run to run: no times, and no counts except zero. */
import { MustredirectError } from '../../../src/error.ts';
import type { World } from '../../../src/lab/world.ts';
import type { Family } from '../../../src/address/cidr.ts';
import { type Cell, isAlike } from './cell.ts';
import { eachFamily, families } from './families.ts';
import type { KillRow } from './kill.ts';
import { type Seen, countElsewhere, leftUntranslated } from './watch.ts';

/** Command that writes the page. */
const command = 'npm run leak-matrix';

/** @param measured versions in use: the only line that differs between machines */
export function pageText(measured: string, atLeast: number, sections: readonly string[]): string {
  return `# Leak matrix

Made by \`${command}\`. ${measured}

A container sends, with IPv4 and with IPv6 alike, every 10 ms each, an ICMP echo request, a UDP datagram, the first packet
of a new TCP connection, and data on a TCP connection that stands. Captures see whatever leaves by another way than the
declared one: at the isp, to which the default routes of node and gateway lead, and on every device of the node and of the
gateway. Then something happens, to both families (an \`ip\` command below is run for each), \`mustredirect status --check\`
is asked, and \`mustredirect apply\` mends it, while all of them go on.

Control, before anything is applied: each of the captures sees at least ${atLeast} packets of each kind and family in a
second.
"0" below: after that no capture has seen any, from before the event until all is mended.

${sections.join('\n')}`;
}

/** @param engines engines with versions */
export async function measuredWith(
  { hosts: { node1 } }: World,
  engines: ReadonlySet<string>,
): Promise<string> {
  const [kernel, nft, ip] = await Promise.all([
    node1.run(['uname', '-r']),
    node1.run(['nft', '--version']),
    node1.run(['ip', '-V']),
  ]);
  const version = (text: string): string => {
    const [found] = /\d+(\.\d+)+/.exec(text) ?? [];
    if (!found) throw new MustredirectError('failed', `no version in ${text}`);
    return found;
  };
  return `Last made on Linux ${version(kernel)} with ${[...engines].join(', ')}, nft ${version(nft)}, iproute2 ${version(ip)}.`;
}

/** One table with a heading. */
export function sectionText(engine: string, cells: readonly Cell[]): string {
  const rows = cells.map((cell) => `| ${rowOf(cell).join(' | ')} |`);
  return [
    `## ${engine}`,
    '',
    '| event | on | elsewhere, IPv4 | elsewhere, IPv6 | meanwhile | `status --check` | after `apply` |',
    '| --- | --- | --- | --- | --- | --- | --- |',
    ...rows,
    '',
  ].join('\n');
}

export function elsewhereText(seen: Seen, family: Family, leaks: boolean | undefined): string {
  if (countElsewhere(seen, family) === 0) return '0';
  return leaks ? 'packets, as it must be' : '**packets**';
}

/** Killed runs, one row each. */
export function killSectionText(rows: readonly KillRow[]): string {
  return [
    '## Killed',
    '',
    'SIGKILL at every boundary between two steps of a run: before the first, before each one when the journal has it, after',
    'the last, and when that is written down. Captures run from before the kill until `apply` has brought it to its end.',
    '',
    '| run | on | boundaries | seen elsewhere, or not mended |',
    '| --- | --- | --- | --- |',
    ...rows.map(
      ({ journey, boundaries, faults }) =>
        `| ${journey.name} | ${journey.host} | ${boundaries} | ${faults.length === 0 ? '0' : '**packets**'} |`,
    ),
    '',
  ].join('\n');
}

function rowOf(cell: Cell): string[] {
  const { event, seen, checked, mended } = cell;
  const elsewhere = (family: Family): string => elsewhereText(seen, family, event.leaks);
  const named = eachOnce(event.names ?? [])
    .map((name) => `\`${name}\``)
    .join(', ');
  return [
    event.name,
    event.host,
    ...families.map(elsewhere),
    ofEach((family) => wayMeanwhile(cell, family)),
    named ? `${checked.exitCode}, names ${named}` : `${checked.exitCode}`,
    ofEach((family) => (mended[family] ? 'by the gateway' : 'not mended')),
  ];
}

/** Lists an object that both families have once. */
function eachOnce(names: readonly string[]): readonly string[] {
  return names.filter(
    (name) => !names.some((other) => other !== name && other.replace('+ ', '+ IPv6 ') === name),
  );
}

/** Prints the text once if it is the same for both families. */
function ofEach(say: (family: Family) => string): string {
  const said = eachFamily(say);
  return isAlike(said) ? said[4] : families.map((family) => `IPv${family} ${said[family]}`).join(', ');
}

function wayMeanwhile({ seen, meanwhile }: Cell, family: Family): string {
  if (leftUntranslated(seen, family)) return 'by the uplink, with its own address';
  return meanwhile[family] ? 'by the gateway' : 'stopped';
}
