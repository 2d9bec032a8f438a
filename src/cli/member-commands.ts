/** Commands on members of gateways, which the agent carries out. */
import { type Command, Option } from '@commander-js/extra-typings';
import { collect, examples, jsonOption, readDuration, verboseOption, yesOption } from './options.ts';
import type { Terminal } from './terminal/terminal.ts';

export function addMemberCommands(program: Command, terminal: Terminal): void {
  memberCommand(program, 'drain')
    .summary('leave a member of a gateway by plan, before its maintenance')
    .description(
      'Takes a member of a gateway with `check:` out of use on this node: new packets leave by the next member that ' +
        'works, without a gap. Open connections move as well, or, with `flows: drain` of the gateway, stay with it until ' +
        'they end. It stays out of use until undrain, also after a restart. The agent must run. If no other member ' +
        'works, the member is left as soon as one does: exit status 3, and so it is while nobody knows whether the next one works. On the member itself, also without its name, ' +
        'all nodes leave it, no agent is needed there, and exit status 3 means that a node has not asked yet.',
    )
    .addHelpText(
      'after',
      examples(
        ['drain gw1', 'on a node, before gw1 is restarted'],
        ['undrain gw1', 'after it'],
        ['drain', 'on gw1: all nodes leave it'],
      ),
    )
    .action(async (member, options) =>
      (await import('./commands/drain.ts')).drain(terminal, true, member, options),
    );
  memberCommand(program, 'undrain')
    .summary('give a drained member back')
    .description(
      'Gives a drained member back: it is used again as if it had just worked for a while, by `failback` of the ' +
        'gateway. The agent must run, unless this host is the member: that gives it back to all nodes.',
    )
    .addHelpText('after', examples(['undrain gw1', 'after its maintenance']))
    .action(async (member, options) =>
      (await import('./commands/drain.ts')).drain(terminal, false, member, options),
    );
  addDrill(program, terminal);
}

function addDrill(program: Command, terminal: Terminal): void {
  program
    .command('drill')
    .argument('<gateway>', 'gateway of the file with `check:`')
    .summary('cut the member that a gateway uses, and measure what containers notice')
    .description(
      'Drops everything that this node sends by the member that the gateway uses, pings from the ' +
        'network meanwhile, and shows how long no answer came, how many pings were lost, and how many packets left by ' +
        'another way: until another member has taken over, and until the first one is used again. The agent must run, ' +
        'and another member must work. The cut ends with this command, however it ends. Exits with 3 when nobody took ' +
        'over, or a packet left by another way. With `mode: balance`, it cuts the member that its pings leave by.',
    )
    .option(
      '--to <address>',
      'an address that answers pings; may be given once for each family (default: the first target of the check)',
      collect,
    )
    .addOption(yesOption())
    .addOption(verboseOption())
    .addOption(jsonOption())
    .addHelpText(
      'after',
      examples(
        ['drill office', 'ask, cut, measure, give back'],
        ['drill office --yes --json', 'every night'],
      ),
    )
    .action(async (gateway, options) =>
      (await import('./commands/drill.ts')).drill(terminal, gateway, options),
    );
}

function memberCommand(program: Command, name: string) {
  return program
    .command(name)
    .argument('[member]', 'host of the file that is a member of a gateway; on the member itself, that host')
    .addOption(
      new Option('--wait <time>', 'wait for the agent: 10s, 2m').argParser(readDuration).default(10, '10s'),
    )
    .addOption(verboseOption())
    .addOption(jsonOption());
}
