/** Program that made a rule, recognised by names of chains and tables. */
import type { ChainName } from '../../host/nft/trace.ts';

export type Owner =
  | 'Docker'
  | 'firewalld'
  | 'ufw'
  | 'kube-proxy'
  | 'Calico'
  | 'Cilium'
  | 'Tailscale'
  | 'podman'
  | 'CNI'
  | 'libvirt'
  | 'fail2ban'
  | 'wg-quick'
  | 'mustredirect';

const owners: readonly { readonly name: Owner; readonly chains?: RegExp; readonly tables?: RegExp }[] = [
  { name: 'mustredirect', tables: /^mustredirect$/ },
  { name: 'Docker', chains: /^DOCKER(?:-|$)/, tables: /^docker-bridges$/ },
  {
    name: 'firewalld',
    tables: /^firewalld$/,
    chains: /^(?:FWD[IO]?_|FORWARD_(?:direct|POLICIES|ZONES|IN_|OUT_))/,
  },
  { name: 'ufw', chains: /^ufw6?-/ },
  { name: 'kube-proxy', chains: /^KUBE-/, tables: /^kube-proxy$/ },
  { name: 'Calico', chains: /^cali-/, tables: /^calico$/ },
  { name: 'Cilium', chains: /^(?:OLD_)?CILIUM_/ },
  { name: 'Tailscale', chains: /^ts-/ },
  { name: 'podman', chains: /^NETAVARK/, tables: /^netavark$/ },
  { name: 'CNI', chains: /^CNI-/ },
  { name: 'libvirt', chains: /^LIBVIRT_/, tables: /^libvirt_network$/ },
  { name: 'fail2ban', chains: /^f2b-/, tables: /^f2b-table$/ },
  { name: 'wg-quick', tables: /^wg-quick-/ },
];

/** Undefined when no known program uses these names: a rule of the administrator. */
export function ownerOf({ table, chain }: Pick<ChainName, 'table' | 'chain'>): Owner | undefined {
  return owners.find(({ chains, tables }) => chains?.test(chain) || tables?.test(table))?.name;
}

/** Preferences and tables of `ip rule`, from the source code of each program. */
export function ownerOfRule({
  preference,
  text,
}: {
  readonly preference: number;
  readonly text: string;
}): Owner | undefined {
  if (preference >= 5210 && preference <= 5270) return 'Tailscale';
  if (/\blookup 518\d\d$/.test(text)) return 'wg-quick';
  if (/\blookup (?:2004|2005)$/.test(text)) return 'Cilium';
  return undefined;
}
