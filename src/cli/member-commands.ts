/** Commands on members of gateways, which the agent carries out. */
import { type Command, Option } from '@commander-js/extra-typings';
import { examples, jsonOption, readDuration, verboseOption } from './options.ts';
import type { Terminal } from './terminal/terminal.ts';

export function addMemberCommands(program: Command, terminal: Terminal): void {
  memberCommand(program, 'drain')
    .summary('leave a member of a gateway by plan, before its maintenance')
    .description(
      'Takes a member of a gateway with `check:` out of use on this node: new packets leave by the next member that ' +
        'works, without a gap. It stays out of use until undrain, also after a restart. The agent must run. If no ' +
        'other member works, the member is left as soon as one does: exit status 3.',
    )
    .addHelpText('after', examples(['drain gw1', 'before gw1 is restarted'], ['undrain gw1', 'after it']))
    .action(async (member, options) =>
      (await import('./commands/drain.ts')).drain(terminal, true, member, options),
    );
  memberCommand(program, 'undrain')
    .summary('give a drained member back')
    .description(
      'Gives a drained member back: it is used again as if it had just worked for a while, by `failback` of the ' +
        'gateway. The agent must run.',
    )
    .addHelpText('after', examples(['undrain gw1', 'after its maintenance']))
    .action(async (member, options) =>
      (await import('./commands/drain.ts')).drain(terminal, false, member, options),
    );
}

function memberCommand(program: Command, name: string) {
  return program
    .command(name)
    .argument('<member>', 'host of the file that is a member of a gateway')
    .addOption(
      new Option('--wait <time>', 'wait for the agent: 10s, 2m').argParser(readDuration).default(10, '10s'),
    )
    .addOption(verboseOption())
    .addOption(jsonOption());
}
