/** Commands on flow logs. */
import { type Command, InvalidArgumentError } from '@commander-js/extra-typings';
import { knownProtocols, protocolOfText } from '../agent/flow-log/protocols.ts';
import { examples, jsonOption, readTime, verboseOption } from './options.ts';
import type { Terminal } from './terminal/terminal.ts';

export function addFlowCommands(program: Command, terminal: Terminal): void {
  program
    .command('flows')
    .summary('ask the flow log of a gateway: who had this address and port at that time')
    .description(
      'Shows flows from the flow logs of this member, and those that live now: the container, where it sent to, the address ' +
        'and port that it was seen with, from when to when, and how much. A gateway with `log: flows` has a log, which ' +
        'the agent writes. Says for which times flows may be missing. UDP ends when conntrack forgets it, 30 s to 120 s ' +
        'after the last packet.',
    )
    .option('--address <address>', 'an end of the flow, before or after source NAT')
    .option('--port <port>', 'port of the same end; of ICMP, the identifier', readPort)
    .option('--protocol <name>', 'tcp, udp, icmp, ..., or its number', readProtocol)
    .option('--to <address>', 'where the flow went')
    .option(
      '--at <time>',
      'flows of that day, minute or second: 2026-11-30T03:14, in the time zone of this host, or with Z',
      readTime,
    )
    .option('--since <time>', 'flows that ended later, or live', readTime)
    .option('--until <time>', 'flows that began before', readTime)
    .option('--gateway <name>', 'only the log of this gateway')
    .addOption(verboseOption())
    .addOption(jsonOption())
    .addHelpText(
      'after',
      examples(
        ['flows --address 198.51.100.6 --port 40123 --at 2026-11-30T03:14', 'who was it?'],
        ['flows --address 10.89.4.7 --since 2026-11-30', 'what has this container done since?'],
      ),
    )
    .action(async (options) => (await import('./commands/flows.ts')).showFlows(terminal, options));
}

function readProtocol(text: string): string {
  const name = protocolOfText(text);
  if (name !== undefined) return name;
  throw new InvalidArgumentError(`Protocols are ${knownProtocols.join(', ')}, and numbers from 0 to 255.`);
}

function readPort(text: string): number {
  const port = Number(text);
  if (!/^\d{1,5}$/.test(text) || port > 65_535) throw new InvalidArgumentError('Ports go from 0 to 65535.');
  return port;
}
