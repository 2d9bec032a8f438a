/** Container networks that we create with their engine. */
import type { ChangeOf, Move, ObjectKind } from '../object-kind.ts';
import { type EngineNetwork, engineNetworkSchema } from './schema.ts';

export const engineNetworkKind: ObjectKind<EngineNetwork> = {
  name: 'engine-network',
  schema: engineNetworkSchema,
  key: ({ engine, name }) => `engine-network ${engine} ${name}`,
  unordered: 'subnets',
  print: printNetwork,
  moves: networkMoves,
};

function printNetwork({ engine, name, subnets, mtu, trusted }: EngineNetwork): string {
  const options = [
    ...(mtu === undefined ? [] : [`, mtu ${mtu}`]),
    ...(trusted ? [`, replies by ${trusted.join(', ')}`] : []),
  ];
  return `${engine} network ${name}: ${subnets.join(', ')}${options.join('')}`;
}

/** Existing networks are never changed: containers use them. */
function networkMoves(change: ChangeOf<EngineNetwork>): Move[] {
  if (change.kind === 'change') return [];
  const network = change.kind === 'add' ? change.to : change.from;
  const create = { ...network, kind: 'create-network' } as const;
  const remove = { ...network, kind: 'remove-network' } as const;
  return change.kind === 'add'
    ? [{ rank: 'createNetwork', do: create, undo: remove }]
    : [{ rank: 'removeNetwork', do: remove, undo: create }];
}
