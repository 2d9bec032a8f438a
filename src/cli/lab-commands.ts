/** Declarations of the lab commands. */
import { type Command, Option } from '@commander-js/extra-typings';
import { labEngines } from '../lab/engine.ts';
import { examples } from './options.ts';
import type { Terminal } from './terminal/terminal.ts';

export function addLabCommands(program: Command, terminal: Terminal): void {
  const lab = program
    .command('lab')
    .summary('build test hosts in network namespaces and run mustredirect in them')
    .description(
      'Builds test hosts in network namespaces and runs mustredirect and real engines in them. This machine’s own ' +
        'network is not touched.',
    )
    .addHelpText(
      'after',
      examples(
        ['lab demo', 'show it in a lab that is removed afterwards'],
        ['lab up', 'build one that stays'],
        ['lab exec node1 -- mustredirect apply', 'run a program on one of its hosts'],
        ['lab down', 'remove it'],
      ),
    );
  addUp(lab, terminal);
  addDemo(lab, terminal);
  addExec(lab, terminal);
  addDown(lab, terminal);
}

function addUp(lab: Command, terminal: Terminal): void {
  lab
    .command('up')
    .summary('build a lab that stays: node1, gw1, isp, upstream and a switch')
    .description(
      'Builds a lab that stays: node1 with containers, gw1 the gateway, isp the wrong way out, upstream the right ' +
        'one, and a switch. Both node1 and gw1 get a file to apply.',
    )
    .addOption(nameOption('default'))
    .addOption(engineOption())
    .addOption(ipv6Option())
    .addHelpText(
      'after',
      examples(
        ['lab up', 'the lab called default'],
        ['lab up --name two --engine external', 'another, without podman'],
      ),
    )
    .action(async (options) => (await import('./commands/lab.ts')).up(terminal, options));
}

function addDemo(lab: Command, terminal: Terminal): void {
  lab
    .command('demo')
    .summary('apply one file on two test hosts and show the effect, measured on the wire')
    .description(
      'Applies one file on two hosts of a lab, sends from containers before and after, and prints what was seen ' +
        'on the wire. Exits with 1 when the result is not as promised. The lab is removed afterwards.',
    )
    .addOption(nameOption('demo'))
    .addOption(engineOption())
    .addOption(ipv6Option())
    .addHelpText(
      'after',
      examples(
        ['lab demo', 'with the best engine that is installed'],
        ['lab demo --engine external', 'without podman'],
        ['lab demo --ipv6', 'of both families'],
      ),
    )
    .action(async (options) => (await import('./commands/lab.ts')).demo(terminal, options));
}

function addExec(lab: Command, terminal: Terminal): void {
  lab
    .command('exec')
    .summary('run a command on a host of a lab')
    .description('Runs a command on a host of a lab, and exits as the command does.')
    .argument('<host>', 'node1, gw1, isp, upstream or switch')
    .argument('<command...>', 'after --')
    .addOption(nameOption('default'))
    .addHelpText(
      'after',
      examples(
        ['lab exec node1 -- mustredirect plan', 'what apply would do there'],
        ['lab exec gw1 -- tcpdump -ni uplink0', 'what leaves the gateway'],
      ),
    )
    .action(async (host, command, options) =>
      (await import('./commands/lab.ts')).exec(terminal, host, command, options),
    );
}

function addDown(lab: Command, terminal: Terminal): void {
  lab
    .command('down')
    .summary('remove a lab')
    .description('Removes a lab, also one whose build was interrupted.')
    .addOption(nameOption('default'))
    .addHelpText(
      'after',
      examples(['lab down', 'the lab called default'], ['lab down --name two', 'another']),
    )
    .action(async (options) => (await import('./commands/lab.ts')).down(terminal, options));
}

function nameOption(name: string) {
  return new Option('--name <name>', 'tells labs that run at the same time apart').default(name);
}

function ipv6Option() {
  return new Option('--ipv6', 'add IPv6 on each host, on each link and in the file');
}

function engineOption() {
  return new Option(
    '--engine <engine>',
    'what makes the containers’ network (default: the best that is installed)',
  ).choices(labEngines);
}
