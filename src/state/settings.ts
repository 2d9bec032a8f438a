/** Names of sysctls: names with slashes may contain dots, for devices such as `eth0.7`. */
import type { Family } from '../address/cidr.ts';
import { sendRedirectsName } from '../kinds/sysctl/schema.ts';

/** Forwarding of a family, dotted; the kernel changes other sysctls of the family along with it. */
export const forwardingName: Readonly<Record<Family, string>> = {
  4: 'net.ipv4.ip_forward',
  6: 'net.ipv6.conf.all.forwarding',
};

/** What conntrack tells of a flow when it ends: its packets and bytes, when it began, and that it ended. */
export const flowAccountingNames = {
  acct: 'net.netfilter.nf_conntrack_acct',
  timestamp: 'net.netfilter.nf_conntrack_timestamp',
  events: 'net.netfilter.nf_conntrack_events',
} as const;

type Sysctls = Readonly<Record<string, string>>;

export function familyOfSysctl(name: string): Family {
  return /^net[./]ipv6[./]/.test(name) ? 6 : 4;
}

/** Whether the reverse path filter of a link uses a packet's fwmark. */
export function validMarkName(device: string): string {
  return `net/ipv4/conf/${device}/src_valid_mark`;
}

export function isValidMark(name: string): boolean {
  return name.endsWith('/src_valid_mark');
}

/** Whether we change the setting by itself: it does not change along with forwarding. */
export function changesAlone(name: string): boolean {
  return (
    isValidMark(name) || [sendRedirectsName, ...Object.values<string>(flowAccountingNames)].includes(name)
  );
}

/** Forwarding of a family, and the sysctls that the kernel changes along with it. */
export function forwardingSysctls(family: Family, settings: Sysctls): Sysctls {
  return Object.fromEntries(
    Object.entries(settings).filter(([name]) => familyOfSysctl(name) === family && !changesAlone(name)),
  );
}
