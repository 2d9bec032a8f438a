/** Renders a plan as a POSIX shell script, to read it or to run it without mustredirect. */
import type { Engines } from '../engines/index.ts';
import { actionKindOf } from '../kinds/action.ts';
import { conntrackArgs } from '../host/conntrack/forget.ts';
import { quoteWord } from '../host/process/shell-word.ts';
import { sysctlPath } from '../host/files/sysctl.ts';
import type { Plan, Step } from '../plan/step.ts';
import { ownNftTable } from '../kinds/ownership.ts';

export function renderShell(plan: Plan, host: string, engines: Engines): string {
  const tools = { quote: quoteWord, sysctlPath, conntrackArgs, engines };
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
    ...plan.steps.flatMap((step) => ['', ...comments(step), ...actionKindOf(step.do).shell(step.do, tools)]),
    '',
  ].join('\n');
}

function comments({ lines }: Step): string[] {
  return lines.map(({ sign, text, why }) => `# ${sign} ${text}: ${why}`);
}
