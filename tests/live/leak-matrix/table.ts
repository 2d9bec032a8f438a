/** The matrix as a page. Nothing on it differs from run to run: no times, no counts but zero. */
import { MustredirectError } from '../../../src/error.ts';
import type { World } from '../../../src/lab/world.ts';
import type { Cell } from './cell.ts';
import type { KillRow } from './kill.ts';
import { countElsewhere } from './watch.ts';

/** The command that makes the page. */
const command = 'npm run leak-matrix';

/** @param measured what it was measured with; the only line that another machine writes otherwise */
export function pageText(measured: string, atLeast: number, sections: readonly string[]): string {
  return `# Leak matrix

Made by \`${command}\`. ${measured}

A container sends, every 10 ms each, an ICMP echo request, a UDP datagram, the first packet of a new TCP connection, and
data on a TCP connection that stands. Captures see whatever leaves by another way than the declared one: at the isp, to
which the default routes of node and gateway lead, and on every device of the node and of the gateway. Then
something happens, \`mustredirect status --check\` is asked, and \`mustredirect apply\` mends it, while all of them go on.

Control, before anything is applied: each of the captures sees at least ${atLeast} packets of each kind in a second.
"0" below: after that no capture has seen any, from before the event until all is mended.

${sections.join('\n')}`;
}

export async function measuredWith({ hosts: { node1 }, engine }: World): Promise<string> {
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
  const podman = engine.reason.replace(/ with .*/, '');
  return `Last made on Linux ${version(kernel)} with ${podman}, nft ${version(nft)}, iproute2 ${version(ip)}.`;
}

/** One table, with a heading of its own. */
export function sectionText(engine: string, cells: readonly Cell[]): string {
  const rows = cells.map((cell) => `| ${rowOf(cell).join(' | ')} |`);
  return [
    `## ${engine}`,
    '',
    '| event | on | seen elsewhere | meanwhile | `status --check` | after `apply` |',
    '| --- | --- | --- | --- | --- | --- |',
    ...rows,
    '',
  ].join('\n');
}

/** The runs that were killed, one row each. */
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
  const elsewhere = countElsewhere(seen);
  const named = (event.names ?? []).map((name) => `\`${name}\``).join(', ');
  return [
    event.name,
    event.host,
    elsewhere === 0 ? '0' : event.leaks ? 'packets, as it must be' : '**packets**',
    wayMeanwhile(cell),
    named ? `${checked.exitCode}, names ${named}` : `${checked.exitCode}`,
    mended ? 'by the gateway' : 'not mended',
  ];
}

function wayMeanwhile({ seen, meanwhile }: Cell): string {
  if (seen.untranslated.length > 0) return 'by the uplink, with its own address';
  return meanwhile ? 'by the gateway' : 'stopped';
}
