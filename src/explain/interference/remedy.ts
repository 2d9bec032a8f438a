/** Remedy for a rule that drops or diverts packets: one sentence with the command. */
import type { Culprit } from './judge.ts';
import type { Direction } from './flow.ts';
import type { Path } from './path.ts';
import { ipKeyword } from '../../desired/nft/ip-keyword.ts';
import { ownerOf } from './rule-owner.ts';

export function remedyOfDrop(culprit: Culprit, path: Path, direction: Direction): string {
  const { inner, outer, subnet } = path;
  if (isReverseFilter(culprit))
    return remedyOfReverseFilter(culprit, direction === 'out' ? inner.device : outer.device);
  const owner = ownerOf(culprit);
  if (owner === 'mustredirect') {
    return '`mustredirect status` says what else is not as the file says, `mustredirect apply` mends it';
  }
  if (owner === 'firewalld') {
    return `let firewalld forward it: \`firewall-cmd --permanent --zone=trusted --add-source=${subnet} && firewall-cmd --reload\``;
  }
  if (owner === 'ufw') {
    const [from, to, which] =
      direction === 'out' ? [inner.device, outer.device, 'from'] : [outer.device, inner.device, 'to'];
    return `let ufw forward it: \`ufw route allow in on ${from} out on ${to} ${which} ${subnet}\``;
  }
  // Docker inserts its rules at the top again when it starts, except in this chain.
  const base = owner === 'Docker' && isFiltered(culprit) ? 'DOCKER-USER' : culprit.base;
  return `accept it before: \`${acceptCommand({ ...culprit, base }, path, direction)}\`; and keep that where your other rules are`;
}

function isFiltered({ table, hook }: Culprit): boolean {
  return table === 'filter' && hook === 'forward';
}

/** Whether the rule is a reverse path filter: an exception for it needs the device instead of an address. */
function isReverseFilter({ rule = '' }: Culprit): boolean {
  return /\bfib saddr\b|rpfilter/.test(rule);
}

function remedyOfReverseFilter(culprit: Culprit, device: string): string {
  if (ownerOf(culprit) === 'firewalld') {
    return 'write `IPv6_rpfilter=loose` into /etc/firewalld/firewalld.conf, then `firewall-cmd --complete-reload`: the way back is another one than by the main table';
  }
  const command = isIptables(culprit)
    ? iptables(culprit, ['-i', device])
    : `nft insert rule ${chainText(culprit)} iifname "${device}" accept`;
  return `the way back is another one than by the main table: let in what comes by ${device}: \`${command}\``;
}

function acceptCommand(culprit: Culprit, path: Path, direction: Direction): string {
  const { subnet, inner, outer, family, keepsSource } = path;
  const [from, to] = direction === 'out' ? [inner, outer] : [outer, inner];
  const routed = culprit.hook === 'forward' || culprit.hook === 'postrouting';
  const iptablesEntry = culprit.hook === 'postrouting' ? [] : ['-i', from.device];
  // At a gateway, the subnet is hidden behind the uplink's address: for replies before routing, for packets after NAT.
  const subnetKnown =
    direction === 'out'
      ? keepsSource || culprit.hook !== 'postrouting'
      : keepsSource || culprit.hook !== 'prerouting';
  if (isIptables(culprit)) {
    return iptables(culprit, [
      ...iptablesEntry,
      ...(routed ? ['-o', to.device] : []),
      ...(subnetKnown ? [direction === 'out' ? '-s' : '-d', subnet] : []),
    ]);
  }
  const match = [
    `iifname "${from.device}"`,
    ...(routed ? [`oifname "${to.device}"`] : []),
    ...(subnetKnown ? [`${ipKeyword(family)} ${direction === 'out' ? 'saddr' : 'daddr'} ${subnet}`] : []),
  ];
  return `nft insert rule ${chainText(culprit)} ${match.join(' ')} accept`;
}

function chainText({ family, table, base }: Culprit): string {
  return `${family} ${table} ${base}`;
}

/** Tables that iptables creates, in nft and in legacy, with their base chains. */
export function isIptables({ family, table, base }: Pick<Culprit, 'family' | 'table' | 'base'>): boolean {
  return (
    (family === 'ip' || family === 'ip6') &&
    /^(?:raw|mangle|nat|filter|security)$/.test(table) &&
    /^(?:PREROUTING|INPUT|FORWARD|OUTPUT|POSTROUTING|DOCKER-USER)$/.test(base)
  );
}

function iptables({ family, table, base, legacy }: Culprit, matches: readonly string[]): string {
  const program = `${family === 'ip6' ? 'ip6tables' : 'iptables'}${legacy ? '-legacy' : ''}`;
  return [program, ...(table === 'filter' ? [] : ['-t', table]), '-I', base, ...matches, '-j', 'ACCEPT'].join(
    ' ',
  );
}
