/**
 * Other programs that use fwmarks or `ip rule`s. Numbers are from their sources: Tailscale `wgengine/router`, Cilium
 * `linux_defaults.go`, Calico `IptablesMarkMask` and `WireguardRoutingRulePriority`, wg-quick `linux.bash`, mwan3
 * `common.sh`, kube-proxy `--iptables-masquerade-bit` and KUBE-MARK-DROP, netavark and CNI portmap `SETMARK`.
 */
import type { ForeignChain, ForeignRule } from '../../state/facts.ts';

type Range = readonly [first: number, last: number];

export interface Owner {
  readonly name: string;
  /** bits of its marks, or one exact value */
  readonly mark: { readonly value: number; readonly mask: number };
  readonly preferences: readonly Range[];
  readonly tables: readonly Range[];
  /** names of its nft chains (including those of iptables) and nft tables */
  readonly chains?: RegExp;
  readonly nftTables?: RegExp;
}

const owners: readonly Owner[] = [
  {
    name: 'Tailscale',
    mark: bits(0xff0000),
    preferences: [[5210, 5270]],
    tables: [[52, 52]],
    chains: /^ts-(?:input|forward|postrouting)$/,
  },
  {
    name: 'Cilium',
    mark: bits(0xf80),
    preferences: [
      [1, 20],
      [100, 112],
    ],
    tables: [
      [200, 202],
      [2004, 2005],
    ],
    chains: /^(?:OLD_)?CILIUM_/,
  },
  {
    name: 'Calico',
    mark: bits(0xffff0000),
    preferences: [[99, 99]],
    tables: [],
    chains: /^cali-/,
    nftTables: /^calico$/,
  },
  {
    name: 'wg-quick',
    mark: { value: 51820, mask: 0xffffffff },
    preferences: [],
    tables: [[51820, 51899]],
    nftTables: /^wg-quick-/,
  },
  {
    name: 'mwan3',
    mark: bits(0x3f00),
    preferences: [
      [1001, 1063],
      [2001, 2063],
      [3001, 3063],
    ],
    tables: [],
    chains: /^mwan3_/,
  },
  {
    name: 'kube-proxy',
    mark: bits(0xc000),
    preferences: [],
    tables: [],
    chains: /^KUBE-/,
    nftTables: /^kube-proxy$/,
  },
  {
    name: 'netavark',
    mark: bits(0x2000),
    preferences: [],
    tables: [],
    chains: /^NETAVARK-/,
    nftTables: /^netavark$/,
  },
  {
    name: 'CNI portmap',
    mark: bits(0x2000),
    preferences: [],
    tables: [],
    chains: /^CNI-(?:HOSTPORT|DN)-/,
    nftTables: /^cni_hostport$/,
  },
];

function bits(mask: number): Owner['mark'] {
  return { value: mask, mask };
}

export function ownerOfTable(table: number, rules: readonly ForeignRule[]): string | undefined {
  const byNumber = owners.find(({ tables }) => isIn(tables, table));
  return (
    byNumber?.name ?? rules.flatMap((rule) => (rule.table === table ? (ownerOfRule(rule) ?? []) : []))[0]
  );
}

/** A preference alone does not identify a program: the mark bits have to match too. */
export function ownerOfRule({ preference, fwmark, table }: ForeignRule): string | undefined {
  return owners.find(
    (owner) =>
      (table !== undefined && isIn(owner.tables, table)) ||
      (fwmark !== undefined && isIn(owner.preferences, preference) && (fwmark.mask & ~owner.mark.mask) === 0),
  )?.name;
}

/** Programs with chains on this host, each with one of its chains. */
export function ownersSeen(
  chains: readonly ForeignChain[],
): { readonly owner: Owner; readonly chain: string }[] {
  return owners.flatMap((owner) => {
    const seen = chains.find(
      ({ name, table }) => owner.chains?.test(name) === true || owner.nftTables?.test(table) === true,
    );
    return seen ? [{ owner, chain: `${seen.family} ${seen.table} ${seen.name}` }] : [];
  });
}

function isIn(ranges: readonly Range[], number: number): boolean {
  return ranges.some(([first, last]) => number >= first && number <= last);
}
