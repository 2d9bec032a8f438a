/** A kind of object that we can own on a host, as data. */
import type * as z from 'zod';
import type { Action } from './action.ts';
import type { Rank } from './rank.ts';

export interface ObjectKind<T extends { readonly kind: string }> {
  readonly name: T['kind'];
  readonly schema: z.ZodType<T>;
  /** Two objects with the same key are two versions of the same thing. */
  key(object: T): string;
  /** Nothing about it is not in its key: it is there or not, never changed. */
  readonly isItsKey?: true;
  /** a list whose order means nothing */
  readonly unordered?: keyof T & string;
  /** an object: none is as good as an empty one */
  readonly emptyIsNone?: keyof T & string;
  /** in the words of the tool that shows it: `rule 4100: from 10.89.4.0/24 lookup 2184` */
  print(object: T): string;
  /** absent: printed as the new one alone */
  printDifference?(from: T, to: T): string;
  /** It only tells what others have: a change of it is no drift. */
  tellsOfOthers?(object: T): boolean;
  /** What a change needs done. Absent where objects change together: nft objects do, by the table. */
  moves?(change: ChangeOf<T>): readonly Move[];
}

export type ChangeOf<T> =
  | { readonly kind: 'add'; readonly to: T; readonly why: string }
  | { readonly kind: 'change'; readonly from: T; readonly to: T; readonly why: string }
  | { readonly kind: 'remove'; readonly from: T };

/** A small part of a plan, and its place in the order. */
export interface Move {
  readonly rank: Rank;
  /** place among those of its rank, ascending */
  readonly within?: number;
  readonly do: Action;
  readonly undo: Action;
  /** Those of the same place are undone in the order in which they are done. */
  readonly undoneInOrder?: true;
  /** another move of the same change has told of it */
  readonly untold?: true;
}
