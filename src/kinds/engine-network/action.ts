import * as z from 'zod';
import { type ActionKind, type ShellTools, commandLine } from '../action-kind.ts';
import type { Plain } from '../plain.ts';
import { engineNetworkSchema } from './schema.ts';

/** Creates or removes a network with its engine. */
export type NetworkAction = Plain<typeof schema>;

const schema = engineNetworkSchema.extend({ kind: z.enum(['create-network', 'remove-network']) });

export const networkAction: ActionKind<NetworkAction> = {
  names: ['create-network', 'remove-network'],
  schema,
  work: ({ kind, engine, name }) =>
    `${kind === 'create-network' ? 'making' : 'removing'} ${engine} network ${name}`,
  objects: () => 1,
  outlivesRestart: true,
  shell: (action, tools) =>
    action.kind === 'create-network'
      ? createLines(action, tools)
      : commandLine(tools.engines[action.engine].removeCommand(action.name), tools),
};

function createLines(network: NetworkAction, tools: ShellTools): string[] {
  const engine = tools.engines[network.engine];
  const [inspect] = commandLine(engine.inspectCommand(network.name), tools);
  const found = inspect === undefined ? '' : `${inspect} >/dev/null 2>&1 || `;
  return commandLine(engine.createCommand(network), tools).map((create) => `${found}${create}`);
}
