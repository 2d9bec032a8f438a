/** Actions on flows: flows are no objects, so there are actions only. */
import * as z from 'zod';
import { familyOf } from '../../address/cidr.ts';
import type { ActionKind, ShellTools } from '../action-kind.ts';
import { nftShell } from '../nft-table/action.ts';
import type { Plain } from '../plain.ts';
import { type Flows, flowsSchema } from './schema.ts';

const flows = z.array(flowsSchema);

/** Makes conntrack forget flows, with their old NAT decision. */
export type ForgetFlows = Plain<typeof forgetSchema>;
const forgetSchema = z.object({ kind: z.literal('forget-flows'), flows });

/** An nft transaction that makes connections of these flows end. */
export type ResetConnections = Plain<typeof resetSchema>;
const resetSchema = z.object({ kind: z.literal('reset-connections'), flows, text: z.string() });

/** An nft transaction that lets flows through which were closed, and are forgotten first; `close` closes them before. */
export type Open = Plain<typeof openSchema>;
const openSchema = z.object({
  kind: z.literal('open'),
  close: z.string().exactOptional(),
  flows,
  text: z.string(),
});

const common = {
  objects: (action: { readonly flows: readonly Flows[] }): number => action.flows.length,
  outlivesRestart: false,
} as const;

const forgetFlows: ActionKind<ForgetFlows> = {
  ...common,
  names: ['forget-flows'],
  schema: forgetSchema,
  work: () => 'forgetting flows',
  shell: (action, tools) => forgetLines(action.flows, tools),
};

const resetConnections: ActionKind<ResetConnections> = {
  ...common,
  names: ['reset-connections'],
  schema: resetSchema,
  work: () => 'ending connections',
  shell: ({ text }) => nftShell(text),
};

const open: ActionKind<Open> = {
  ...common,
  names: ['open'],
  schema: openSchema,
  work: () => 'forgetting flows, then letting them through',
  shell: (action, tools) => [
    ...(action.close === undefined ? [] : nftShell(action.close)),
    ...forgetLines(bothWays(action.flows), tools),
    ...nftShell(action.text),
  ],
};

export const flowActions = [forgetFlows, resetConnections, open] as const;

/** An answer may have begun a flow, from its sender to the container: no NAT changes what the container sends on it. */
export function bothWays(some: readonly Flows[]): Flows[] {
  return some.flatMap((one) => {
    const { from, to, called } = one;
    return called ? [one] : [one, { from: to ?? everywhere[familyOf(from)], to: from }];
  });
}

const everywhere = { 4: '0.0.0.0/0', 6: '::/0' } as const;

/** conntrack exits 1 when there was none */
function forgetLines(some: readonly Flows[], { conntrackArgs }: ShellTools): string[] {
  return some.map((one) => `conntrack ${conntrackArgs(one).join(' ')} >/dev/null 2>&1 || true`);
}
