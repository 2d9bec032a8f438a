/** All commands and their options. What a command does is loaded when it is called: help must be quick. */
import { Command, Option } from '@commander-js/extra-typings';
import packageFile from '../../package.json' with { type: 'json' };
import type { Terminal } from './terminal.ts';

const defaultFile = '/etc/mustredirect/mustredirect.yaml';

export function createProgram(terminal: Terminal): Command {
  const program = new Command('mustredirect')
    .description("Sends a container network's traffic through a gateway of your choice.")
    .version(packageFile.version)
    .exitOverride()
    .showSuggestionAfterError()
    .showHelpAfterError('(--help shows the commands and options)')
    .addHelpText(
      'after',
      `
Examples:
  mustredirect validate                 check the file
  mustredirect plan                     what would be done on this host, and why
  mustredirect apply                    do it
  mustredirect verify --to 1.1.1.1      send real packets and say which way they go
  mustredirect lab demo                 see it work, in test hosts on this machine

Exit status: 0 done, 1 failed and undone, 2 wrong command line or file, 3 not as the file says, 4 refused.`,
    );
  addFileCommands(program, terminal);
  addHostCommands(program, terminal);
  addLabCommands(program, terminal);
  return program;
}

function addFileCommands(program: Command, terminal: Terminal): void {
  program
    .command('validate')
    .description('check the file')
    .addOption(fileOption())
    .addOption(jsonOption())
    .action(async (options) => (await import('./commands/validate.ts')).validate(terminal, options));
  program
    .command('schema')
    .description('print the JSON Schema of the file, for editors')
    .action(async () => (await import('./commands/schema.ts')).schema(terminal));
}

function addHostCommands(program: Command, terminal: Terminal): void {
  hostCommand(program, 'plan', 'show what apply would do on this host, each step with its reason')
    .option('--check', 'exit 3 when there is anything to do')
    .addOption(jsonOption())
    .action(async (options) => (await import('./commands/plan.ts')).plan(terminal, options));
  hostCommand(program, 'apply', 'do it')
    .option('-y, --yes', 'do not ask')
    .addOption(jsonOption())
    .action(async (options) => (await import('./commands/apply.ts')).apply(terminal, options));
  hostCommand(program, 'status', 'show what is redirected, by which gateway, packets, and leaks stopped')
    .option('--check', 'exit 3 when the host is not as the file says')
    .addOption(jsonOption())
    .action(async (options) => (await import('./commands/status.ts')).status(terminal, options));
  hostCommand(program, 'verify', 'send real packets from the network and say which way they go')
    .option('--to <address[:port]>', 'a target to reach; may be given several times', collect)
    .option('--network <name>', 'only this network; may be given several times', collect)
    .addOption(jsonOption())
    .action(async (options) => (await import('./commands/verify.ts')).verify(terminal, options));
  hostCommand(program, 'render', 'print what apply does as a shell script, so that you can check it')
    .addOption(new Option('--format <format>').choices(['shell']).default('shell'))
    .action(async (options) => (await import('./commands/render.ts')).render(terminal, options));
  program
    .command('destroy')
    .description('take everything away that apply made; needs no file')
    .option('-y, --yes', 'do not ask')
    .option('-v, --verbose', 'show each command that is run')
    .addOption(jsonOption())
    .action(async (options) => (await import('./commands/destroy.ts')).destroy(terminal, options));
}

function addLabCommands(program: Command, terminal: Terminal): void {
  const lab = program
    .command('lab')
    .description('build test hosts in network namespaces and run the real thing in them');
  lab
    .command('up')
    .description('build a lab that stays: node1, gw1, isp, upstream and a switch')
    .addOption(labNameOption('default'))
    .addOption(labEngineOption())
    .action(async (options) => (await import('./commands/lab.ts')).up(terminal, options));
  lab
    .command('demo')
    .description('apply one file on two hosts, and show what that did, measured on the wire')
    .addOption(labNameOption('demo'))
    .addOption(labEngineOption())
    .action(async (options) => (await import('./commands/lab.ts')).demo(terminal, options));
  lab
    .command('exec')
    .description('run a command on a host of a lab')
    .argument('<host>', 'node1, gw1, isp, upstream or switch')
    .argument('<command...>', 'after --')
    .addOption(labNameOption('default'))
    .action(async (host, command, options) =>
      (await import('./commands/lab.ts')).exec(terminal, host, command, options),
    );
  lab
    .command('down')
    .description('take a lab away, also one that was killed while it was built')
    .addOption(labNameOption('default'))
    .action(async (options) => (await import('./commands/lab.ts')).down(terminal, options));
}

function labNameOption(name: string) {
  return new Option('--name <name>', 'tells labs that run at the same time apart').default(name);
}

function labEngineOption() {
  const engines = ['podman-netavark', 'podman-cni', 'external'] as const;
  return new Option('--engine <engine>', 'default: the best that is installed').choices(engines);
}

function hostCommand(program: Command, name: string, description: string) {
  return program
    .command(name)
    .description(description)
    .addOption(fileOption())
    .option('--host <name>', 'host of the file that this machine is (default: the one with its address)')
    .option('-v, --verbose', 'show each command that is run');
}

function collect(value: string, all: string[] | undefined): string[] {
  return [...(all ?? []), value];
}

function fileOption() {
  return new Option('-f, --file <file>', 'the file').default(defaultFile);
}

function jsonOption() {
  return new Option('--json', 'print JSON');
}
