/** Type of an object, derived from its schema: plain data, deeply readonly. */
import type * as z from 'zod';

export type Plain<S extends z.ZodType> = DeepReadonly<z.infer<S>>;

type DeepReadonly<T> = T extends object ? { readonly [Key in keyof T]: DeepReadonly<T[Key]> } : T;
