/** Commands on applied files: confirm, roll back, history. */
import { type Command, Option } from '@commander-js/extra-typings';
import { examples, jsonOption, readDuration, verboseOption, waitOption, yesOption } from './options.ts';
import type { Terminal } from './terminal/terminal.ts';

export function addUndoCommands(program: Command, terminal: Terminal): void {
  addConfirm(program, terminal);
  addRollback(program, terminal);
  addHistory(program, terminal);
  addWatch(program, terminal);
}

function addConfirm(program: Command, terminal: Terminal): void {
  program
    .command('confirm')
    .summary('keep what `apply --confirm` did')
    .description(
      'Keeps what `apply --confirm` did. Without confirm, all of its changes are undone when the time is over.',
    )
    .addOption(waitOption())
    .addOption(verboseOption())
    .addOption(jsonOption())
    .addHelpText(
      'after',
      examples(
        ['confirm', 'after apply --confirm, when you can still reach this host'],
        ['confirm --wait 60s', 'wait for the apply to be done'],
      ),
    )
    .action(async (options) => (await import('./commands/confirm.ts')).confirm(terminal, options));
}

function addRollback(program: Command, terminal: Terminal): void {
  program
    .command('rollback')
    .summary('go back to the state before the last apply')
    .description(
      'Goes back to the state before the last apply: with the file as it was applied before that, or to nothing ' +
        'applied. A second rollback goes back one more. A run that waits to be confirmed, or was interrupted, is ' +
        'undone first.',
    )
    .addOption(yesOption())
    .addOption(waitOption())
    .addOption(verboseOption())
    .addOption(jsonOption())
    .addHelpText(
      'after',
      examples(['rollback', 'show the plan, ask, do it'], ['history', 'what there is to go back to']),
    )
    .action(async (options) => (await import('./commands/rollback.ts')).rollback(terminal, options));
}

function addHistory(program: Command, terminal: Terminal): void {
  program
    .command('history')
    .summary('show what was applied and undone here, when, and by whom')
    .description(
      'Shows what was applied and undone on this host, oldest first: when, by whom, the file and its SHA-256 ' +
        'hash, and what changed. The last 20 are kept, until destroy takes everything away.',
    )
    .addOption(verboseOption())
    .addOption(jsonOption())
    .addHelpText('after', examples(['history', 'to read'], ['history --json', 'with the files themselves']))
    .action(async (options) => (await import('./commands/history.ts')).showHistory(terminal, options));
}

/** Command that `apply --confirm` starts in the background to undo the run. */
function addWatch(program: Command, terminal: Terminal): void {
  program
    .command('watch-confirm', { hidden: true })
    .description(
      'Undoes a run when its time is over and nobody has confirmed it. Started by apply --confirm.',
    )
    .addHelpText('after', examples(['watch-confirm --run 1f0c --seconds 60', 'undo it in a minute']))
    .requiredOption('--run <id>', 'the run to undo')
    .addOption(
      new Option('--seconds <time>', 'how long it has').argParser(readDuration).makeOptionMandatory(),
    )
    .action(async (options) => (await import('./commands/watch-confirm.ts')).watchConfirm(terminal, options));
}
