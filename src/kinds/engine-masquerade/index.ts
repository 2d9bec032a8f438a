/** Masquerade settings of networks whose engine keeps them in a file. */
import type { ChangeOf, Move, ObjectKind } from '../object-kind.ts';
import { type EngineMasquerade, engineMasqueradeSchema } from './schema.ts';

export const engineMasqueradeKind: ObjectKind<EngineMasquerade> = {
  name: 'engine-masquerade',
  schema: engineMasqueradeSchema,
  key: ({ engine, network }) => `engine-masquerade ${engine} ${network}`,
  print: printMasquerade,
  printDifference: (from, to) => `${printMasquerade(to)} (was ${from.enabled})`,
  moves: masqueradeMoves,
};

function printMasquerade({ file, setting, enabled }: EngineMasquerade): string {
  return `${file}: ${setting}: ${enabled}`;
}

function masqueradeMoves(change: ChangeOf<EngineMasquerade>): Move[] {
  if (change.kind === 'add') return [];
  // The setting of a removed network is restored first: undo switches it back.
  const {
    kind: _,
    enabled,
    ...where
  } = change.kind === 'change' ? change.to : { ...change.from, enabled: !change.from.enabled };
  const action = { kind: 'set-masquerade', ...where } as const;
  return [{ rank: 'setMasquerade', do: { ...action, enabled }, undo: { ...action, enabled: !enabled } }];
}
