/**
 * What we must remember about a host between runs: the numbers that we chose, and how things were before
 * we changed them. Everything else is read from the host.
 */
export interface Ledger {
  /** gateway name -> its numbers on this host */
  readonly gateways: Readonly<Record<string, { readonly table: number; readonly mark: number }>>;
  /** the mark bit of packets that keep the host's own routing */
  readonly directBit?: number;
  /** dotted name -> value before our first change */
  readonly sysctls: Readonly<Record<string, string>>;
  /** path -> content before our first change, and what we made of it */
  readonly files: Readonly<Record<string, { readonly original: string; readonly ours: string }>>;
  /** networks that we created: `podman mustredirect` */
  readonly createdNetworks: readonly string[];
}

export const emptyLedger: Ledger = { gateways: {}, sysctls: {}, files: {}, createdNetworks: [] };
