import * as z from 'zod';
import type { ActionKind } from '../action-kind.ts';
import { sysctlName } from '../fields.ts';
import type { Plain } from '../plain.ts';

/** Sysctls to write, in this order. */
export type WriteSysctl = Plain<typeof schema>;

const schema = z.object({ kind: z.literal('sysctl'), values: z.record(sysctlName, z.string()) });

export const writeSysctl: ActionKind<WriteSysctl> = {
  names: ['sysctl'],
  schema,
  work: () => 'writing sysctls',
  objects: ({ values }) => Object.keys(values).length,
  outlivesRestart: false,
  shell: ({ values }, { quote, sysctlPath }) =>
    Object.entries(values).map(([name, value]) => `echo ${value} >${quote(sysctlPath(name))}`),
};
