/** The command `render`. */
import { type Command, Option } from '@commander-js/extra-typings';
import { farEndSystems } from '../explain/far-end/system.ts';
import { examples, hostCommand } from './options.ts';
import type { Terminal } from './terminal/terminal.ts';

export function addRender(program: Command, terminal: Terminal): void {
  hostCommand(program, 'render')
    .summary('print what apply does as a shell script, so that you can check it')
    .description(
      'Prints what apply does on a host where nothing is applied, as a plain shell script with comments: to ' +
        'read, or to run where mustredirect is not installed. With --far-end, prints instead what to type at the far ' +
        'end of the tunnels that apply makes: the tunnel with its ends exchanged, routes back, NAT and firewall.',
    )
    .addOption(
      new Option('--format <format>', 'a POSIX shell script').choices(['shell']).default('shell' as const),
    )
    .addOption(
      new Option('--far-end [system]', 'the far end of the tunnels; without a system: linux')
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
      ),
    )
    .action(async (options) => (await import('./commands/render.ts')).render(terminal, options));
}
