/** The action of a step, as plain data: run by `src/apply`, printed by `plan`, rendered as shell by `render`. */
import type { ActionKind } from './action-kind.ts';
import { type SetMasquerade, setMasquerade } from './engine-masquerade/action.ts';
import { type NetworkAction, networkAction } from './engine-network/action.ts';
import { type ForgetFlows, type Open, type ResetConnections, flowActions } from './flows/action.ts';
import { type IpBatch, ipBatch } from './ip-batch/action.ts';
import { type IptablesAction, iptablesAction } from './iptables-rule/action.ts';
import { type NftTransaction, nftTransaction } from './nft-table/action.ts';
import { type WriteSysctl, writeSysctl } from './sysctl/action.ts';

export type Action =
  | IpBatch
  | NftTransaction
  | IptablesAction
  | WriteSysctl
  | NetworkAction
  | SetMasquerade
  | ForgetFlows
  | ResetConnections
  | Open;

/** Each kind of action, by each of its names. */
export const actionKinds = new Map<string, ActionKind<Action>>(
  [
    ipBatch,
    nftTransaction,
    iptablesAction,
    writeSysctl,
    networkAction,
    setMasquerade,
    ...flowActions,
  ].flatMap((kind) => kind.names.map((name) => [name, kind as unknown as ActionKind<Action>] as const)),
);

export function actionKindOf({ kind }: { readonly kind: string }): ActionKind<Action> {
  const found = actionKinds.get(kind);
  if (!found) throw new Error(`no kind of action: ${kind}`);
  return found;
}
