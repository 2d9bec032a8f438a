/** Commands for the boot of this machine. */
import type { Command } from '@commander-js/extra-typings';
import { examples, fileOption, hostOption, jsonOption, verboseOption } from './options.ts';
import type { Terminal } from './terminal/terminal.ts';

export function addBootCommands(program: Command, terminal: Terminal): void {
  addInstall(program, terminal);
  addUninstall(program, terminal);
}

function addInstall(program: Command, terminal: Terminal): void {
  program
    .command('install')
    .summary('close redirected networks early at each boot, and apply when the network is up')
    .description(
      'Writes two systemd units and enables them: one closes what the file redirects, before any interface is up ' +
        'and any container starts; the other applies the file when the network is up, and tries again until it ' +
        'succeeds. Nothing is applied now. With --agent, the agent is a third one, which is started at once.',
    )
    .addOption(fileOption())
    .addOption(hostOption())
    .option('--agent', 'also install the agent as a service, and start it: it holds what is applied')
    .option('--dry-run', 'print the units, and write nothing')
    .addOption(verboseOption())
    .addOption(jsonOption())
    .addHelpText(
      'after',
      examples(
        ['install', 'with the file of this host'],
        ['install --agent', 'and hold what is applied, from now on'],
        ['install --dry-run', 'look at the units first'],
        ['install -f /srv/redirect.yaml --host node1', 'another file, as node1 of it'],
      ),
    )
    .action(async (options) => (await import('./commands/install.ts')).install(terminal, options));
}

function addUninstall(program: Command, terminal: Terminal): void {
  program
    .command('uninstall')
    .summary('remove what install wrote; what is applied stays')
    .description(
      'Ends the agent, disables and removes the units that install wrote. What is applied now stays until destroy takes it away, or ' +
        'until this machine is restarted.',
    )
    .addOption(verboseOption())
    .addOption(jsonOption())
    .addHelpText(
      'after',
      examples(['uninstall', 'do nothing at the next boot'], ['destroy', 'remove what is applied now']),
    )
    .action(async (options) => (await import('./commands/uninstall.ts')).uninstall(terminal, options));
}
