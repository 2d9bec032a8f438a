/** Sysctls that we share with other programs. */
import type { ChangeOf, Move, ObjectKind } from '../object-kind.ts';
import type { Rank } from '../rank.ts';
import { type Sysctl, sendRedirectsName, sysctlSchema } from './schema.ts';

export const sysctlKind: ObjectKind<Sysctl> = {
  name: 'sysctl',
  schema: sysctlSchema,
  key: ({ name }) => `sysctl ${name}`,
  absentWhenEmpty: 'alongside',
  print: printSysctl,
  printDifference: (from, to) => `${printSysctl(to)} (was ${from.value})`,
  moves: sysctlMoves,
};

function printSysctl({ name, value }: Sysctl): string {
  return `sysctl ${name} = ${value}`;
}

/** A sysctl appears and disappears with its device: only its value is changed. */
function sysctlMoves(change: ChangeOf<Sysctl>): Move[] {
  if (change.kind !== 'change') return [];
  const { from, to } = change;
  return [{ rank: rankOf(to), do: written(to), undo: written(from) }];
}

function rankOf({ name, value }: Sysctl): Rank {
  if (name === sendRedirectsName) return 'setRedirects';
  return value === '0' ? 'restoreSysctl' : 'enableForwarding';
}

function written({ name, value, alongside }: Sysctl): Move['do'] {
  return { kind: 'sysctl', values: { [name]: value, ...alongside } };
}
