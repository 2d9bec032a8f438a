/** The type of an object comes from its schema: plain data, and readonly all the way down. */
import type * as z from 'zod';

export type Plain<S extends z.ZodType> = DeepReadonly<z.infer<S>>;

type DeepReadonly<T> = T extends object ? { readonly [Key in keyof T]: DeepReadonly<T[Key]> } : T;
