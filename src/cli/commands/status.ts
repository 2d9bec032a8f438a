import { type Status, hostStatus } from '../../explain/status.ts';
import type { Refusal } from '../../desired/redirect.ts';
import { openRunText } from '../session/earlier-run.ts';
import { type HostOptions, look, openSession } from '../session/session.ts';
import { notReadyLines } from '../terminal/print-plan.ts';
import { formatTable } from '../terminal/table.ts';
import type { Terminal } from '../terminal/terminal.ts';

interface StatusOptions extends HostOptions {
  check?: true | undefined;
  json?: true | undefined;
}

export async function status(terminal: Terminal, options: StatusOptions): Promise<void> {
  const session = await openSession(terminal, options);
  const prepared = await look(session, session.target);
  const openRun = await openRunText(session);
  const found = {
    ...hostStatus(session.target, prepared),
    ...(openRun === undefined ? {} : { openRun }),
    refusals: prepared.desired.refusals,
  };
  terminal.print(options.json ? JSON.stringify(found, null, 2) : formatStatus(found, terminal));
  if (options.check && !isAsWanted(found)) terminal.setExitStatus(3);
}

/** Looking is never refused: why `apply` would be is a part of what is found. */
interface Found extends Status {
  readonly openRun?: string;
  readonly refusals: readonly Refusal[];
}

function isAsWanted({ differences, refusals, notReady }: Found): boolean {
  return differences.length + refusals.length + notReady.length === 0;
}

function stateText(found: Found, terminal: Terminal): string {
  if (isAsWanted(found)) return terminal.paint('green', 'as the file says');
  const { differences, notReady } = found;
  const { length } = differences;
  const counts = [
    // A refusal alone is told of below.
    ...(length > 0 || notReady.length === 0
      ? [`${length} ${length === 1 ? 'difference' : 'differences'}`]
      : []),
    ...(notReady.length > 0 ? [`${notReady.length} not ready`] : []),
  ];
  return terminal.paint('red', `not as the file says, ${counts.join(', ')}`);
}

function formatStatus(found: Found, terminal: Terminal): string {
  const { host, networks, gateways, differences, refusals, waiting, notReady, openRun } = found;
  const head = ['packets', 'bytes', 'dropped'];
  const rows = [
    ...networks.map((n) => [
      n.network,
      n.subnets.join(' '),
      `${n.gateway} at ${n.way}`,
      n.packets,
      n.bytes,
      n.dropped + (n.spoofed ?? 0),
    ]),
    ...gateways.flatMap((g) =>
      g.served.map((s) => [
        s.network,
        s.subnets.join(' '),
        `${g.uplink}, snat ${g.snat}`,
        s.packets,
        s.bytes,
        s.dropped,
      ]),
    ),
  ];
  return [
    `${host}: ${stateText(found, terminal)}`,
    ...differences.map((difference) => `  ${difference}`),
    ...refusals.flatMap(({ message, hint }) => [
      `${terminal.paint('red', 'apply is refused:')} ${message}`,
      `hint: ${hint}`,
    ]),
    ...notReadyLines(notReady, terminal),
    ...(openRun === undefined ? [] : [`${terminal.paint('yellow', 'note:')} ${openRun}`]),
    ...waiting.map((text) => `${terminal.paint('yellow', 'waiting:')} ${text}`),
    ...(rows.length === 0
      ? ['the file redirects nothing on this host']
      : ['', formatTable([['network', 'subnets', 'goes to', ...head], ...rows])]),
    ...besides(found),
  ].join('\n');
}

/** What goes another way than the table says, and what comes in. */
function besides({ networks, gateways }: Found): string[] {
  const lines = [
    ...networks.flatMap(({ network, routes = [] }) =>
      routes.map(({ what, via }) =>
        via === 'direct' ? `${network}: ${what} is direct` : `${network}: ${what} leaves by gateway ${via}`,
      ),
    ),
    ...gateways.flatMap(({ gateway, uplink, published = [] }) =>
      published.map((port) => `${gateway}: ${port}, from ${uplink.split(' ')[0]}`),
    ),
  ];
  return lines.length > 0 ? ['', ...lines] : [];
}
