/** The agent, and its log. */
import { type Command, InvalidArgumentError, Option } from '@commander-js/extra-typings';
import { levels } from '../agent/event/level.ts';
import { logFormats } from '../agent/event/log-line.ts';
import { examples, hostCommand, readTime, verboseOption } from './options.ts';
import type { Terminal } from './terminal/terminal.ts';

export function addAgentCommands(program: Command, terminal: Terminal): void {
  addAgent(program, terminal);
  addLogs(program, terminal);
}

function addAgent(program: Command, terminal: Terminal): void {
  hostCommand(program, 'agent')
    .summary('hold this host to the file: repair what other programs change')
    .description(
      'Runs until it is ended, and holds this host to what was applied: when a link, address, route, rule, table or ' +
        'network changes, it reads the host, and repairs what differs, in the way of apply. It applies a changed file ' +
        'one second after its last change; while the file is wrong, what was applied last stays in force. Without -f, it holds the file that was applied last. It begins ' +
        'nothing by itself: without an apply before it, or after destroy, it rests. What it does is in logs, history and ' +
        'status. Ending it, in any way, changes nothing on this host.',
    )
    .option(
      '--listen <address>',
      'also answer HTTP on [ADDRESS:]PORT, 127.0.0.1 by default: /metrics, /status, /networks, /healthz, /events ' +
        '(default: MUSTREDIRECT_LISTEN, else only on the unix socket)',
    )
    .option(
      '--token-file <file>',
      'file with the token that clients of --listen must send; needed unless the address is loopback ' +
        '(default: MUSTREDIRECT_TOKEN_FILE)',
    )
    .addOption(logLevelOption())
    .addOption(logFormatOption())
    .addHelpText(
      'after',
      examples(
        ['agent', 'in the foreground'],
        ['agent --listen 9479', 'and Prometheus on this host can ask it'],
        ['agent --listen 192.0.2.10:9479 --token-file /etc/mustredirect/token', 'from elsewhere'],
        ['logs --follow', 'what it does'],
        ['status', 'what it has done'],
      ),
    )
    .action(async (options, command) => {
      const fileIsDefault = command.getOptionValueSource('file') === 'default';
      await (await import('./commands/agent.ts')).agent(terminal, { ...options, fileIsDefault });
    });
}

function logLevelOption() {
  return new Option(
    '--log-level <level>',
    `least important events that are logged: ${levels.join(', ')} (default: MUSTREDIRECT_LOG_LEVEL, else info; -v: debug)`,
  );
}

function logFormatOption() {
  return new Option(
    '--log-format <format>',
    `${logFormats.join(', ')}: lines for people, JSON objects, or lines for the journal of systemd, with a priority and ` +
      'the fields behind the text (default: MUSTREDIRECT_LOG_FORMAT, else journal where stderr goes to it, and text)',
  );
}

const logsDescription =
  'Shows events of the agent on this host, one a line, the oldest first: from the journal of systemd where it runs as a ' +
  'service, and from its own files where it was started otherwise. An event that repeats is counted: (412 times in 30 s). ' +
  'An event that names no network, gateway or member is about the host, and is shown whatever is asked for.';

function addLogs(program: Command, terminal: Terminal): void {
  program
    .command('logs')
    .summary('show what the agent has done: events, with what they were about and why')
    .description(logsDescription)
    .option(
      '--since <time>',
      'events of that time and later: 2026-11-30T03:14, in the time zone of this host, or with Z',
      readTime,
    )
    .option('--until <time>', 'events of that time and earlier', readTime)
    .option('--follow', 'go on with events that happen from now on, until Ctrl-C')
    .option(
      '--lines <number>',
      'only the last ones (default with --follow: 10, unless --since is given)',
      readLines,
    )
    .option('--network <name>', 'without events about other networks, or gateways that it does not use')
    .option('--gateway <name>', 'without events about other gateways, or networks that do not use it')
    .option('--member <name>', 'without events about other members, or gateways that do not have it')
    .addOption(levelOption())
    .addOption(verboseOption())
    .addOption(
      new Option(
        '--json',
        'print JSON, one object a line, also when it fails: { "error": { code, message, hint } }',
      ),
    )
    .addHelpText(
      'after',
      examples(
        ['logs --follow', 'what happens now?'],
        ['logs --since 2026-11-30T03:14 --network web', 'what happened to this network?'],
        ['logs --level warning --json', 'for a program'],
      ),
    )
    .action(async (options) => (await import('./commands/logs.ts')).showLogs(terminal, options));
}

function levelOption() {
  const option = new Option('--level <level>', 'without events that are less important');
  return option.choices(levels).default('debug' as const);
}

function readLines(text: string): number {
  if (!/^\d{1,6}$/.test(text)) throw new InvalidArgumentError('Write a number.');
  return Number(text);
}
