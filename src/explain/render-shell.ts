/** A plan as a POSIX shell script, for a reader who wants to see, or to do it without us. */
import type { Engines } from '../engines/index.ts';
import { sysctlPath } from '../host/sysctl.ts';
import type { Action } from '../plan/action.ts';
import type { Plan, Step } from '../plan/step.ts';

export function renderShell(plan: Plan, host: string, engines: Engines): string {
  return [
    '#!/bin/sh',
    `# What mustredirect does on ${host}, step by step. Run it as root.`,
    'set -eu',
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
      return action.lines.map((line) => `ip -${action.family} ${line}`);
    case 'nft':
      return [`nft -f - <<'END'`, action.text.trimEnd(), 'END'];
    case 'sysctl':
      return Object.entries(action.values).map(
        ([name, value]) => `echo ${value} >${quote(sysctlPath(name))}`,
      );
    case 'create-network':
      return engineCommand(
        engines[action.engine].createCommand(action),
        `${action.engine} network inspect`,
        action.name,
      );
    case 'remove-network':
      return [(engines[action.engine].removeCommand(action.name) ?? []).map(quote).join(' ')];
    case 'set-masquerade':
      return masqueradeCommands(action);
    case 'forget-flows':
      // conntrack exits 1 when there was none
      return action.subnets.map((subnet) => `conntrack -D -s ${subnet} >/dev/null 2>&1 || true`);
  }
}

function engineCommand(argv: readonly string[] | undefined, inspect: string, name: string): string[] {
  if (!argv) return [];
  return [`${inspect} ${quote(name)} >/dev/null 2>&1 || ${argv.map(quote).join(' ')}`];
}

/** Written beside and renamed: the engine never sees half a file. */
function masqueradeCommands({
  engine,
  network,
  file,
  enabled,
}: Extract<Action, { kind: 'set-masquerade' }>): string[] {
  const edit = `s/\\("ipMasq"[[:space:]]*:[[:space:]]*\\)${!enabled}/\\1${enabled}/`;
  return [
    `if [ -z "$(${engine} ps -aq --filter ${quote(`network=${network}`)})" ]; then`,
    `  sed ${quote(edit)} ${quote(file)} >${quote(`${file}.new`)}`,
    `  mv ${quote(`${file}.new`)} ${quote(file)}`,
    'fi',
  ];
}

function quote(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
