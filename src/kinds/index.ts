/**
 * Objects that we can own on a host, as plain data: one folder for each kind. A new kind needs a folder, a line here, a
 * line in `action.ts` if it has an action of its own, and the port of that action in `src/apply/ports`.
 */
import type { ChangeOf, ObjectKind } from './object-kind.ts';
import { engineMasqueradeKind } from './engine-masquerade/index.ts';
import type { EngineMasquerade } from './engine-masquerade/schema.ts';
import { engineNetworkKind } from './engine-network/index.ts';
import type { EngineNetwork } from './engine-network/schema.ts';
import { iptablesRuleKind } from './iptables-rule/index.ts';
import type { IptablesRule } from './iptables-rule/schema.ts';
import { nftChainKind, nftSetKind } from './nft-table/index.ts';
import type { NftChain, NftSet } from './nft-table/schema.ts';
import { routeKind } from './route/index.ts';
import type { Route } from './route/schema.ts';
import { routingDaemonKind } from './routing-daemon/index.ts';
import type { RoutingDaemon } from './routing-daemon/schema.ts';
import { ruleKind } from './rule/index.ts';
import type { Rule } from './rule/schema.ts';
import { sysctlKind } from './sysctl/index.ts';
import type { Sysctl } from './sysctl/schema.ts';
import { tunnelKind } from './tunnel/index.ts';
import type { Tunnel } from './tunnel/schema.ts';
import { xfrmPolicyKind } from './xfrm-policy/index.ts';
import type { XfrmPolicy } from './xfrm-policy/schema.ts';

export type HostObject =
  | Rule
  | Route
  | Tunnel
  | RoutingDaemon
  | XfrmPolicy
  | NftSet
  | NftChain
  | IptablesRule
  | Sysctl
  | EngineNetwork
  | EngineMasquerade;

export type Change = ChangeOf<HostObject>;

/** Object kind by name. */
export const objectKinds = new Map<string, ObjectKind<HostObject>>(
  [
    ruleKind,
    routeKind,
    tunnelKind,
    routingDaemonKind,
    xfrmPolicyKind,
    nftSetKind,
    nftChainKind,
    iptablesRuleKind,
    sysctlKind,
    engineNetworkKind,
    engineMasqueradeKind,
  ].map((kind) => [kind.name, kind as unknown as ObjectKind<HostObject>]),
);

export function objectKindOf({ kind }: { readonly kind: string }): ObjectKind<HostObject> {
  const found = objectKinds.get(kind);
  if (!found) throw new Error(`no kind of object: ${kind}`);
  return found;
}

/** Canonical key of an object. */
export function objectKey(object: HostObject): string {
  return objectKindOf(object).key(object);
}
