/** Kind of object that we can own on a host, as data. */
import type * as z from 'zod';
import type { Action } from './action.ts';
import type { Rank } from './rank.ts';

export interface ObjectKind<T extends { readonly kind: string }> {
  readonly name: T['kind'];
  readonly schema: z.ZodType<T>;
  /** Two objects with the same key are versions of the same object. */
  key(object: T): string;
  /** The key contains all fields: objects are added or removed, never changed. */
  readonly neverChanges?: true;
  /** list whose order does not matter */
  readonly unordered?: keyof T & string;
  /** object whose absence equals an empty one */
  readonly absentWhenEmpty?: keyof T & string;
  /** Prints an object in the words of the tool that shows it: `rule 4100: from 10.89.4.0/24 lookup 2184` */
  print(object: T): string;
  /** Prints a change; absent: the new object is printed. */
  printDifference?(from: T, to: T): string;
  /** The object describes foreign objects only: a change is not drift. */
  describesOthers?(object: T): boolean;
  /** Moves of a change. Absent for kinds that change together: nft objects change by the table. */
  moves?(change: ChangeOf<T>): readonly Move[];
}

export type ChangeOf<T> =
  | { readonly kind: 'add'; readonly to: T; readonly why: string }
  | { readonly kind: 'change'; readonly from: T; readonly to: T; readonly why: string }
  | { readonly kind: 'remove'; readonly from: T };

export function objectOfChange<T>(change: ChangeOf<T>): T {
  return change.kind === 'remove' ? change.from : change.to;
}

/** Smallest unit of a plan, with its position in the order. */
export interface Move {
  readonly rank: Rank;
  /** position within its rank, ascending */
  readonly position?: number;
  readonly do: Action;
  readonly undo: Action;
  /** Moves with the same position are undone in the order in which they are done. */
  readonly undoneInOrder?: true;
  /** not printed: another move of the same change already is */
  readonly unprinted?: true;
}
