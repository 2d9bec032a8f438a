import * as z from 'zod';
import { type ActionKind, type ShellTools, commandLine } from '../action-kind.ts';
import type { Plain } from '../plain.ts';
import { engineMasqueradeSchema } from './schema.ts';

/** Edits the masquerade setting of one network in the engine's file. */
export type SetMasquerade = Plain<typeof schema>;

const schema = engineMasqueradeSchema.extend({ kind: z.literal('set-masquerade') });

export const setMasquerade: ActionKind<SetMasquerade> = {
  names: ['set-masquerade'],
  schema,
  work: ({ file }) => `writing ${file}`,
  objects: () => 1,
  outlivesRestart: true,
  shell: masqueradeLines,
};

function masqueradeLines(action: SetMasquerade, tools: ShellTools): string[] {
  const edit = editLines(action, tools);
  const [attached] = commandLine(tools.engines[action.engine].attachedCommand(action.network), tools);
  if (attached === undefined) return edit;
  return [
    '# only while nothing is attached: a container keeps the masquerade that it was started with',
    // On a separate line: inside the condition, a failed command would count as "no containers".
    `attached=$(${attached})`,
    'if [ -z "$attached" ]; then',
    ...edit.map((line) => `  ${line}`),
    'fi',
  ];
}

function editLines({ file, setting, enabled }: SetMasquerade, { quote }: ShellTools): string[] {
  const edit = `s/\\("${setting}"[[:space:]]*:[[:space:]]*\\)${!enabled}/\\1${enabled}/`;
  const temporary = quote(`${file}.new`);
  return [
    '# written beside and renamed, so that the engine never sees half a file',
    `sed ${quote(edit)} ${quote(file)} >${temporary}`,
    `mv ${temporary} ${quote(file)}`,
  ];
}
