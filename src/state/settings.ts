/** Settings of the kernel by their names: those with slashes may hold dots, for devices such as `eth0.7`. */
import type { Family } from '../address/cidr.ts';

/** The setting that lets packets through, dotted; the kernel changes others of its family along with it. */
export const forwardingName: Readonly<Record<Family, string>> = {
  4: 'net.ipv4.ip_forward',
  6: 'net.ipv6.conf.all.forwarding',
};

type Settings = Readonly<Record<string, string>>;

export function familyOfSetting(name: string): Family {
  return /^net[./]ipv6[./]/.test(name) ? 6 : 4;
}

/** Whether the reverse path filter of a link heeds the mark of a packet. */
export function validMarkName(device: string): string {
  return `net/ipv4/conf/${device}/src_valid_mark`;
}

export function isValidMark(name: string): boolean {
  return name.endsWith('/src_valid_mark');
}

/** Forwarding of a family, and what the kernel changes along with it. */
export function settingsOf(family: Family, settings: Settings): Settings {
  return Object.fromEntries(
    Object.entries(settings).filter(([name]) => familyOfSetting(name) === family && !isValidMark(name)),
  );
}
