/** Action of a step, as plain data: run by `src/apply`, printed by `plan`, rendered as shell by `render`. */
import type { ActionKind } from './action-kind.ts';
import { type SetMasquerade, setMasquerade } from './engine-masquerade/action.ts';
import { type NetworkAction, networkAction } from './engine-network/action.ts';
import { type ForgetFlows, type OpenFlows, type ResetConnections, flowActions } from './flows/action.ts';
import { type IpBatch, ipBatch } from './ip-batch/action.ts';
import { type IptablesAction, iptablesAction } from './iptables-rule/action.ts';
import { type NftTransaction, nftTransaction } from './nft-table/action.ts';
import { type RoutingDaemonAction, routingDaemonAction } from './routing-daemon/action.ts';
import { type WriteSysctl, writeSysctl } from './sysctl/action.ts';
import { type TunnelAction, tunnelAction } from './tunnel/action.ts';

export type Action =
  | IpBatch
  | NftTransaction
  | IptablesAction
  | WriteSysctl
  | TunnelAction
  | RoutingDaemonAction
  | NetworkAction
  | SetMasquerade
  | ForgetFlows
  | ResetConnections
  | OpenFlows;

/** Action name -> kind of action. */
export const actionKinds = new Map<string, ActionKind<Action>>(
  [
    ipBatch,
    nftTransaction,
    iptablesAction,
    writeSysctl,
    tunnelAction,
    routingDaemonAction,
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
