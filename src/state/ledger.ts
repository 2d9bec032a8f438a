/**
 * State about a host that is kept between runs: allocated numbers, and the state before our changes. Everything else is
 * read from the host.
 */
import type { Family, Subnet } from '../address/cidr.ts';
import type { NatDecisions } from '../kinds/flows/nat-decisions.ts';
import type { Flows } from '../kinds/flows/schema.ts';
import type { EngineName } from '../spec/spec.ts';
import type { DiscoveredNetwork } from '../topology/discovered-networks.ts';

export interface Ledger {
  /** gateway name -> its numbers on this host */
  readonly gateways: Readonly<Record<string, GatewayNumbers>>;
  /** host of a member -> numbers of probes through it */
  readonly members?: Readonly<Record<string, GatewayNumbers>>;
  /** mark bit of packets that use the host's own routing */
  readonly bypassBit?: number;
  /** mark bit of packets that our nft table has checked */
  readonly checkedBit?: number;
  /** mark bit that identifies a gateway's mark as ours */
  readonly ownerBit?: number;
  /** dotted name -> value before our first change */
  readonly sysctls: Readonly<Record<string, string>>;
  /** network name -> bridge: guards the bridge when the engine cannot be queried, as at boot */
  readonly bridges?: Readonly<Record<string, string>>;
  /** networks that their labels have redirected: they stay closed when their engine cannot be queried, as at boot */
  readonly discovered?: readonly DiscoveredNetwork[];
  /** network name -> families that leave directly since no member of the gateway works, until a restart */
  readonly leavesDirectly?: Readonly<Record<string, readonly Family[]>>;
  /** flows whose conntrack entries a run had to delete when it was interrupted */
  readonly forget?: readonly Flows[];
  readonly nat?: RememberedNat;
  /** the container networks that we created or whose file we edited */
  readonly networks: readonly LedgerNetwork[];
}

/** NAT decisions that conntrack may hold, of all runs until now. */
export interface RememberedNat {
  readonly decisions: NatDecisions;
  /** digest of the nft table as the last run has left it; absent while a run changes it */
  readonly table?: string;
}

export interface GatewayNumbers {
  readonly table: number;
  readonly mark: number;
}

export interface LedgerNetwork {
  readonly engine: EngineName;
  readonly name: string;
  readonly subnets: readonly Subnet[];
  readonly created: boolean;
  /** file of the engine, byte for byte: before and after our edit */
  readonly edited?: { readonly file: string; readonly original: string; readonly ours: string };
}

export const emptyLedger: Ledger = { gateways: {}, sysctls: {}, networks: [] };
