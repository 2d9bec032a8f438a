/** The command `render`. */
import { type Command, Option } from '@commander-js/extra-typings';
import { daemonFormats } from '../explain/routers/router.ts';
import { farEndSystems } from '../explain/far-end/system.ts';
import { examples, hostCommand } from './options.ts';
import type { Terminal } from './terminal/terminal.ts';

export function addRender(program: Command, terminal: Terminal): void {
  hostCommand(program, 'render')
    .summary('print what apply does as a shell script, so that you can check it')
    .description(
      'Prints what apply does on a host where nothing is applied, as a plain shell script with comments: to ' +
        'read, or to run where mustredirect is not installed. With --format bird or frr, prints the configuration of ' +
        'that routing daemon for a member that does not run mustredirect. With --far-end, prints what to type at the ' +
        'other end of the uplinks: tunnels with their ends exchanged, routes back, NAT and firewall; and with ' +
        '`routing:` in the uplink, what the upstream router has to speak.',
    )
    .addOption(
      new Option('--format <format>', 'a POSIX shell script, or the configuration of a routing daemon')
        .choices(['shell', ...daemonFormats])
        .default('shell' as const),
    )
    .addOption(
      new Option('--far-end [system]', 'the far end of the uplinks; without a system: linux')
        .choices(farEndSystems)
        .preset('linux' as const),
    )
    .addHelpText(
      'after',
      examples(
        ['render', 'for this host'],
        ['render --host gw1 >gw1.sh', 'as gw1 of the file'],
        ['render --host gw1 --far-end', 'for the far end of the tunnel of gw1, a Linux host'],
        ['render --host gw1 --far-end routeros', 'the same for a router of MikroTik'],
        ['render --host gw1 --far-end frr', 'for the upstream router of gw1, which runs FRR'],
        ['render --host gw1 --format frr', 'for gw1 itself, which runs FRR and not mustredirect'],
      ),
    )
    .action(async (options) => (await import('./commands/render.ts')).render(terminal, options));
}
