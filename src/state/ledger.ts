/**
 * What we must remember about a host between runs: the numbers that we chose, and how things were before
 * we changed them. Everything else is read from the host.
 */
import type { Subnet } from '../address/cidr.ts';
import type { Flows } from '../kinds/flows/schema.ts';
import type { EngineName } from '../spec/spec.ts';

export interface Ledger {
  /** gateway name -> its numbers on this host */
  readonly gateways: Readonly<Record<string, GatewayNumbers>>;
  /** the mark bit of packets that keep the host's own routing */
  readonly bypassBit?: number;
  /** the mark bit of packets that our nft table has seen */
  readonly checkedBit?: number;
  /** the mark bit that says that a gateway's mark beside it is ours */
  readonly ownerBit?: number;
  /** dotted name -> value before our first change */
  readonly sysctls: Readonly<Record<string, string>>;
  /** network name -> bridge: it is guarded also when the engine cannot be queried, as at boot */
  readonly bridges?: Readonly<Record<string, string>>;
  /** flows that conntrack had still to forget when a run was cut off */
  readonly forget?: readonly Flows[];
  /** the container networks that we created or whose file we edited */
  readonly networks: readonly LedgerNetwork[];
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
  /** the engine's file, byte for byte: as it was before our edit, and as our edit left it */
  readonly edited?: { readonly file: string; readonly original: string; readonly ours: string };
}

export const emptyLedger: Ledger = { gateways: {}, sysctls: {}, networks: [] };
