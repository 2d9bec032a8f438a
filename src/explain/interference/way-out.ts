/** Remedy for a rule that drops or diverts: one sentence with the command. */
import type { Culprit } from './judge.ts';
import type { Direction } from './flow.ts';
import type { Path } from './path.ts';
import { word } from '../../desired/nft/word.ts';
import { ownerOf } from './whose.ts';

export function remedyOfDrop(culprit: Culprit, path: Path, direction: Direction): string {
  const { inner, outer, subnet } = path;
  if (isReverseFilter(culprit))
    return remedyOfFilter(culprit, direction === 'out' ? inner.device : outer.device);
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
  // Docker puts its own rules first again when it starts, but for those of this chain.
  const base = owner === 'Docker' && isFiltered(culprit) ? 'DOCKER-USER' : culprit.base;
  return `accept it before: \`${acceptCommand({ ...culprit, base }, path, direction)}\`; and keep that where your other rules are`;
}

function isFiltered({ table, hook }: Culprit): boolean {
  return table === 'filter' && hook === 'forward';
}

/** By the way back of a packet: no address says who may pass, the device does. */
function isReverseFilter({ rule = '' }: Culprit): boolean {
  return /\bfib saddr\b|rpfilter/.test(rule);
}

function remedyOfFilter(culprit: Culprit, device: string): string {
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
  // Before it is routed, an answer at a gateway still has the uplink's own address; behind its NAT, a packet has no other one.
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
    ...(subnetKnown ? [`${word(family)} ${direction === 'out' ? 'saddr' : 'daddr'} ${subnet}`] : []),
  ];
  return `nft insert rule ${chainText(culprit)} ${match.join(' ')} accept`;
}

function chainText({ family, table, base }: Culprit): string {
  return `${family} ${table} ${base}`;
}

/** Tables that iptables makes, of nft and legacy alike, and the chains in them that the kernel calls. */
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
