/** Settings of the kernel that we share with others. */
import type { ChangeOf, Move, ObjectKind } from '../object-kind.ts';
import { type Sysctl, sysctlSchema } from './schema.ts';

export const sysctlKind: ObjectKind<Sysctl> = {
  name: 'sysctl',
  schema: sysctlSchema,
  key: ({ name }) => `sysctl ${name}`,
  emptyIsNone: 'alongside',
  print: printSysctl,
  printDifference: (from, to) => `${printSysctl(to)} (was ${from.value})`,
  moves: sysctlMoves,
};

function printSysctl({ name, value }: Sysctl): string {
  return `sysctl ${name} = ${value}`;
}

/** It is there or not as its device is: neither is ours to change. */
function sysctlMoves(change: ChangeOf<Sysctl>): Move[] {
  if (change.kind !== 'change') return [];
  const { from, to } = change;
  return [{ rank: to.value === '0' ? 'giveBack' : 'switchOn', do: written(to), undo: written(from) }];
}

function written({ name, value, alongside }: Sysctl): Move['do'] {
  return { kind: 'sysctl', values: { [name]: value, ...alongside } };
}
