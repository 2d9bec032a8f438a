/** Commands that read or change this host. */
import { type Command, Option } from '@commander-js/extra-typings';
import {
  collect,
  examples,
  hostCommand,
  jsonOption,
  readDuration,
  verboseOption,
  waitOption,
  yesOption,
} from './options.ts';
import { addRender } from './render-command.ts';
import type { Terminal } from './terminal/terminal.ts';

export function addHostCommands(program: Command, terminal: Terminal): void {
  addPlan(program, terminal);
  addApply(program, terminal);
  addStatus(program, terminal);
  addVerify(program, terminal);
  addDoctor(program, terminal);
  addRender(program, terminal);
  addDestroy(program, terminal);
}

function addPlan(program: Command, terminal: Terminal): void {
  hostCommand(program, 'plan')
    .summary('show what apply would do on this host, each step with its reason')
    .description('Shows what apply would do on this host, each step with its reason. Changes nothing.')
    .option('--check', 'exit 3 when there is anything to do, or anything is not ready')
    .addOption(jsonOption())
    .addHelpText(
      'after',
      examples(
        ['plan', 'what would be done'],
        ['plan -f new.yaml', 'what a changed file would do'],
        ['plan --check --json', 'for a program that watches this host'],
      ),
    )
    .action(async (options) => (await import('./commands/plan.ts')).plan(terminal, options));
}

function addApply(program: Command, terminal: Terminal): void {
  hostCommand(program, 'apply')
    .summary('make this host as the file says, all or nothing')
    .description(
      'Makes this host as the file says: shows the plan, asks, does it, and reads the result back. When a step ' +
        'fails, or Ctrl-C is pressed, all changes are undone. When there is nothing to do, nothing is touched. A ' +
        'network or gateway that is not ready is closed and the rest is applied: apply then exits with 3. At the end, ' +
        'apply probes with one packet each way and warns of foreign rules that drop or divert redirected traffic.',
    )
    .addOption(yesOption())
    .addOption(
      new Option(
        '--confirm <time>',
        'undo the changes after this time unless `confirm` is run: 60s, 5m',
      ).argParser(readDuration),
    )
    .option(
      '--closed',
      'only close what the file redirects: needs no interface and no engine, and removes nothing',
    )
    .option('--boot', 'used by the boot units: a file that was rolled back is not applied again')
    .addOption(waitOption())
    .addOption(jsonOption())
    .addHelpText(
      'after',
      examples(
        ['apply', 'show the plan, ask, do it'],
        ['apply --yes', 'do not ask: for scripts'],
        ['apply --confirm 60s', 'undo it after a minute unless you confirm, in case you are locked out'],
        ['apply --host node1 -v', 'as node1 of the file, and show each command'],
      ),
    )
    .action(async (options) => (await import('./commands/apply.ts')).apply(terminal, options));
}

function addStatus(program: Command, terminal: Terminal): void {
  hostCommand(program, 'status')
    .summary('show what is redirected, with counters of redirected and dropped packets')
    .description(
      'Shows what is redirected on this host and through which gateway, how many packets were redirected, how many ' +
        'the guard dropped, and what is not as the file says. On a gateway whose uplink is a tunnel also its path ' +
        'outside, and whether packets come back.',
    )
    .option('--check', 'exit 3 when the host is not as the file says, or anything is not ready')
    .addOption(jsonOption())
    .addHelpText(
      'after',
      examples(
        ['status', 'on a node, or on a gateway'],
        ['status --check', 'for a monitor: exit 3 when something is missing'],
      ),
    )
    .action(async (options) => (await import('./commands/status.ts')).status(terminal, options));
}

function addVerify(program: Command, terminal: Terminal): void {
  hostCommand(program, 'verify')
    .summary('send real packets from the network and show which way they leave')
    .description(
      'Sends real packets, from a running container of the network or from a temporary namespace, and captures ' +
        'on every link which way they leave this host and with which source address. A running container also ' +
        'sends a DNS query, to show which way the query leaves. A gateway also sends through the tunnel of its ' +
        'uplink, to show whether the far end answers, or which end is wrong. Exits with 3 when a check fails.',
    )
    .option(
      '--to <address[:port]>',
      'an address that should answer (ICMP, UDP or TCP); may be given several times, for each family at least once ' +
        '(default: an address that does not answer, which shows the way but no replies)',
      collect,
    )
    .option(
      '--network <name>',
      'only this network of the file; may be given several times (default: all that this host has a part in)',
      collect,
    )
    .addOption(jsonOption())
    .addHelpText(
      'after',
      examples(
        ['verify', 'which way, and with which source'],
        ['verify --to 1.1.1.1 --to 9.9.9.9:53', 'and whether answers come back'],
        ['verify --to 1.1.1.1 --to [2606:4700::1111]:443', 'the same of both families'],
        ['verify --network web', 'one network only'],
      ),
    )
    .action(async (options) => (await import('./commands/verify.ts')).verify(terminal, options));
}

function addDoctor(program: Command, terminal: Terminal): void {
  hostCommand(program, 'doctor')
    .summary('find what keeps this host from being as the file says, and how to fix it')
    .description(
      'Looks for what keeps this host from being, or from staying, as the file says: programs that are missing, ' +
        'interrupted runs, changes by other programs, dropped packets, and, by one probe packet each way, foreign rules ' +
        'that drop or divert redirected traffic; and tunnels of uplinks that do not carry packets. Each finding says what to do. Changes nothing. ' +
        'Exits with 3 when it finds anything.',
    )
    .addOption(jsonOption())
    .addHelpText(
      'after',
      examples(['doctor', 'what is wrong, and what to do'], ['doctor --json', 'for programs']),
    )
    .action(async (options) => (await import('./commands/doctor.ts')).doctor(terminal, options));
}

function addDestroy(program: Command, terminal: Terminal): void {
  program
    .command('destroy')
    .summary('remove everything that apply made; needs no file')
    .description(
      'Removes everything that apply made on this host and restores what apply changed. Needs no file. A step ' +
        'that fails does not stop the others, and is named; so is a network that stays because containers use it. ' +
        'If flows cannot be blocked first, nothing is removed. ' +
        'On a gateway that nodes still send to, destroy names the nodes and keeps blocking their traffic until it is ' +
        'run again after they have stopped.',
    )
    .addOption(yesOption())
    .option(
      '--force',
      'do not block the traffic that nodes or containers still send: it leaves by the routes of this host',
    )
    .addOption(waitOption())
    .addOption(verboseOption())
    .addOption(jsonOption())
    .addHelpText(
      'after',
      examples(['destroy', 'show what is removed, ask, do it'], ['destroy --yes', 'do not ask: for scripts']),
    )
    .action(async (options) => (await import('./commands/destroy.ts')).destroy(terminal, options));
}
