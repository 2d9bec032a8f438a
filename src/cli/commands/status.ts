import { type Status, hostStatus } from '../../explain/status.ts';
import { refuse } from '../print-plan.ts';
import { type HostOptions, look, openSession } from '../session.ts';
import { formatTable } from '../table.ts';
import type { Terminal } from '../terminal.ts';

interface StatusOptions extends HostOptions {
  check?: true | undefined;
  json?: true | undefined;
}

export async function status(terminal: Terminal, options: StatusOptions): Promise<void> {
  const session = await openSession(terminal, options);
  const prepared = await look(session, session.target);
  const found = hostStatus(session.target, prepared);
  if (!options.json) terminal.print(formatStatus(found, terminal));
  refuse(prepared.desired.refusals, terminal, found);
  if (options.json) terminal.print(JSON.stringify(found, null, 2));
  if (options.check && found.differences.length > 0) terminal.setExitStatus(3);
}

function formatStatus(found: Status, terminal: Terminal): string {
  const { host, networks, gateways, differences, waiting } = found;
  const state =
    differences.length === 0
      ? terminal.paint('green', 'as the file says')
      : terminal.paint(
          'red',
          `not as the file says, ${differences.length} ${differences.length === 1 ? 'difference' : 'differences'}`,
        );
  const head = ['packets', 'bytes', 'stopped'];
  const rows = [
    ...networks.map((n) => [
      n.network,
      n.subnets.join(' '),
      `${n.gateway} at ${n.way}`,
      n.packets,
      n.bytes,
      n.stopped,
    ]),
    ...gateways.flatMap((g) =>
      g.served.map((s) => [
        s.network,
        s.subnets.join(' '),
        `${g.uplink}, snat ${g.snat}`,
        s.packets,
        s.bytes,
        s.stopped,
      ]),
    ),
  ];
  return [
    `${host}: ${state}`,
    ...differences.map((difference) => `  ${difference}`),
    ...waiting.map((text) => `${terminal.paint('yellow', 'waiting:')} ${text}`),
    ...(rows.length === 0
      ? ['the file redirects nothing on this host']
      : ['', formatTable([['network', 'subnets', 'goes to', ...head], ...rows])]),
  ].join('\n');
}
