/** A plan as a POSIX shell script, for a reader who wants to see, or to do it without us. */
import type { Flows } from '../state/ledger.ts';
import type { Engine, NetworkRequest } from '../engines/engine.ts';
import type { Engines } from '../engines/index.ts';
import { conntrackArgs } from '../host/conntrack/forget.ts';
import { iptablesCommand } from '../host/iptables/rule.ts';
import { quoteWord } from '../host/process/shell-word.ts';
import { sysctlPath } from '../host/files/sysctl.ts';
import type { Action } from '../plan/action.ts';
import type { Plan, Step } from '../plan/step.ts';
import { ownNftTable } from '../state/ownership.ts';

export function renderShell(plan: Plan, host: string, engines: Engines): string {
  return [
    '#!/bin/sh',
    `# What mustredirect does on ${host}, step by step. Run it as root.`,
    '# It is for a host that has nothing of mustredirect yet, and refuses to run twice: all would be there twice.',
    'set -eu',
    '',
    `if nft list table inet ${ownNftTable} >/dev/null 2>&1; then`,
    `  echo 'nft table inet ${ownNftTable} is there already' >&2`,
    '  exit 1',
    'fi',
    ...plan.steps.flatMap((step) => ['', ...comments(step), ...commands(step.do, engines)]),
    '',
  ].join('\n');
}

function comments({ lines }: Step): string[] {
  return lines.map(({ sign, text, why }) => `# ${sign} ${text}: ${why}`);
}

function commands(action: Action, engines: Engines): string[] {
  switch (action.kind) {
    case 'ip':
      return action.lines.map((line) => `ip -${action.family} ${line.split(' ').map(quoteWord).join(' ')}`);
    case 'nft':
      return nftCommands(action.text);
    case 'insert-iptables-rule':
    case 'delete-iptables-rule':
      return commandLine(iptablesCommand(action));
    case 'sysctl':
      return Object.entries(action.values).map(
        ([name, value]) => `echo ${value} >${quoteWord(sysctlPath(name))}`,
      );
    case 'create-network':
      return createCommands(action, engines[action.engine]);
    case 'remove-network':
      return commandLine(engines[action.engine].removeCommand(action.name));
    case 'set-masquerade':
      return masqueradeCommands(action, engines[action.engine]);
    case 'reset-connections':
      return nftCommands(action.text);
    case 'forget-flows':
      return forgetCommands(action.flows);
    case 'open':
      return [
        ...(action.close === undefined ? [] : nftCommands(action.close)),
        ...forgetCommands(action.flows),
        ...nftCommands(action.text),
      ];
  }
}

function nftCommands(text: string): string[] {
  return [`nft -f - <<'END'`, text.trimEnd(), 'END'];
}

/** conntrack exits 1 when there was none */
function forgetCommands(flows: readonly Flows[]): string[] {
  return flows.map((some) => `conntrack ${conntrackArgs(some).join(' ')} >/dev/null 2>&1 || true`);
}

function commandLine(argv: readonly string[] | undefined): string[] {
  return argv ? [argv.map(quoteWord).join(' ')] : [];
}

function createCommands(network: NetworkRequest, engine: Engine): string[] {
  const [inspect] = commandLine(engine.inspectCommand(network.name));
  const found = inspect === undefined ? '' : `${inspect} >/dev/null 2>&1 || `;
  return commandLine(engine.createCommand(network)).map((create) => `${found}${create}`);
}

type SetMasquerade = Extract<Action, { kind: 'set-masquerade' }>;

function masqueradeCommands(action: SetMasquerade, engine: Engine): string[] {
  const edit = editCommands(action);
  const [attached] = commandLine(engine.attachedCommand(action.network));
  if (attached === undefined) return edit;
  return [
    '# only while nothing is attached: a container keeps the masquerade that it was started with',
    // On a line of its own: in the condition, a command that fails would pass for "none".
    `attached=$(${attached})`,
    'if [ -z "$attached" ]; then',
    ...edit.map((line) => `  ${line}`),
    'fi',
  ];
}

function editCommands({ file, setting, enabled }: SetMasquerade): string[] {
  const edit = `s/\\("${setting}"[[:space:]]*:[[:space:]]*\\)${!enabled}/\\1${enabled}/`;
  const beside = quoteWord(`${file}.new`);
  return [
    '# written beside and renamed, so that the engine never sees half a file',
    `sed ${quoteWord(edit)} ${quoteWord(file)} >${beside}`,
    `mv ${beside} ${quoteWord(file)}`,
  ];
}
