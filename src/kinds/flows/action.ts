/** Actions on flows. Flows are not objects: they have actions only. */
import * as z from 'zod';
import { anywhere, familyOf } from '../../address/cidr.ts';
import type { ActionKind, ShellTools } from '../action-kind.ts';
import { nftShell } from '../nft-table/action.ts';
import type { Plain } from '../plain.ts';
import { type Flows, flowsSchema } from './schema.ts';

const flows = z.array(flowsSchema);

/** Deletes conntrack entries of flows, and with them the old NAT decision. */
export type ForgetFlows = Plain<typeof forgetSchema>;
const forgetSchema = z.object({ kind: z.literal('forget-flows'), flows });

/** nft transaction that resets TCP connections of these flows. */
export type ResetConnections = Plain<typeof resetSchema>;
const resetSchema = z.object({ kind: z.literal('reset-connections'), flows, text: z.string() });

/** nft transaction that allows blocked flows, after their conntrack entries are deleted; `close` blocks them first. */
export type OpenFlows = Plain<typeof openSchema>;
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

const forgetAction: ActionKind<ForgetFlows> = {
  ...common,
  names: ['forget-flows'],
  schema: forgetSchema,
  work: () => 'forgetting flows',
  shell: (action, tools) => forgetLines(action.flows, tools),
};

const resetAction: ActionKind<ResetConnections> = {
  ...common,
  names: ['reset-connections'],
  schema: resetSchema,
  work: () => 'ending connections',
  shell: ({ text }) => nftShell(text),
};

const openAction: ActionKind<OpenFlows> = {
  ...common,
  names: ['open'],
  schema: openSchema,
  work: () => 'forgetting flows, then letting them through',
  shell: (action, tools) => [
    ...(action.close === undefined ? [] : nftShell(action.close)),
    ...forgetLines(bothDirections(action.flows), tools),
    ...nftShell(action.text),
  ],
};

export const flowActions = [forgetAction, resetAction, openAction] as const;

/** Adds the opposite direction: a reply may have created the entry, and then NAT skips packets from the container. */
export function bothDirections(some: readonly Flows[]): Flows[] {
  return some.flatMap((one) => {
    const { from, to, inbound } = one;
    return inbound ? [one] : [one, { from: to ?? anywhere[familyOf(from)], to: from }];
  });
}

/** conntrack exits 1 when no entry matches. */
function forgetLines(some: readonly Flows[], { conntrackArgs }: ShellTools): string[] {
  return some.map((one) => `conntrack ${conntrackArgs(one).join(' ')} >/dev/null 2>&1 || true`);
}
