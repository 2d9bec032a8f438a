/** Reads and writes sysctls in our network namespace. */
import { type Family, families } from '../../address/cidr.ts';
import { sendRedirectsName } from '../../kinds/sysctl/schema.ts';
import { flowAccountingNames, forwardingName, validMarkName } from '../../state/settings.ts';
import type { Files } from '../ports.ts';

/** A kernel may be built or booted without IPv6. */
export async function readFamilies(files: Files): Promise<readonly Family[]> {
  return (await readSysctl(files, forwardingName[6])) === undefined ? [4] : [4, 6];
}

/** IPv6 forwarding does not change accept_redirects. */
const acceptRedirects: Readonly<Record<Family, string | undefined>> = {
  4: 'net.ipv4.conf.all.accept_redirects',
  6: undefined,
};

/**
 * Forwarding of both families, and the settings that the kernel changes along with it [measured on 6.18]: `forwarding`
 * of every device and of new ones, for IPv4 `all.accept_redirects`, too. Devices are listed only if their value
 * differs. A kernel without a family lacks its settings.
 */
export async function readForwarding(
  files: Files,
  devices: readonly string[],
): Promise<Record<string, string>> {
  const both = await Promise.all(families.map((family) => readFamily(files, devices, family)));
  return Object.assign({}, ...both) as Record<string, string>;
}

async function readFamily(
  files: Files,
  devices: readonly string[],
  family: Family,
): Promise<Record<string, string>> {
  const forwarding = forwardingName[family];
  const value = await readSysctl(files, forwarding);
  if (value === undefined) return {};
  const found: Record<string, string> = { [forwarding]: value };
  if (value !== '0') return found;
  const redirectsName = acceptRedirects[family];
  if (redirectsName !== undefined) found[redirectsName] = (await readSysctl(files, redirectsName)) ?? '0';
  for (const device of ['default', ...devices]) {
    const name = `net/ipv${family}/conf/${device}/forwarding`;
    if ((await readSysctl(files, name)) === '1') found[name] = '1';
  }
  return found;
}

/** Whether bridged IPv6 packets pass the firewall; without br_netfilter the setting is absent. */
export async function readBridgeFilter6(files: Files): Promise<boolean> {
  return (await readSysctl(files, 'net.bridge.bridge-nf-call-ip6tables')) === '1';
}

/** Whether conntrack takes only SYN for the begin of a TCP connection. */
export async function readStrictTcp(files: Files): Promise<boolean> {
  return (await readSysctl(files, 'net.netfilter.nf_conntrack_tcp_loose')) === '0';
}

/** Whether the reverse path filter of some devices uses the fwmark. */
export async function readValidMarks(
  files: Files,
  devices: readonly string[],
): Promise<Record<string, string>> {
  return readSysctls(files, devices.map(validMarkName));
}

export function readSendRedirects(files: Files): Promise<Record<string, string>> {
  return readSysctls(files, [sendRedirectsName]);
}

/** Absent while conntrack is not loaded. */
export function readFlowAccounting(files: Files): Promise<Record<string, string>> {
  return readSysctls(files, Object.values(flowAccountingNames));
}

/** `accept_ra` of some devices: 1 accepts router advertisements unless the device forwards, 2 always does. */
export async function readAcceptRa(
  files: Files,
  devices: readonly string[],
): Promise<Record<string, string>> {
  const nameOf = (device: string): string => `net/ipv6/conf/${device}/accept_ra`;
  const found = await readSysctls(files, devices.map(nameOf));
  return Object.fromEntries(
    devices.flatMap((device) => {
      const value = found[nameOf(device)];
      return value === undefined ? [] : [[device, value]];
    }),
  );
}

/** Reads those settings that exist. */
async function readSysctls(files: Files, names: readonly string[]): Promise<Record<string, string>> {
  const values = await Promise.all(names.map((name) => readSysctl(files, name)));
  return Object.fromEntries(
    names.flatMap((name, i) => {
      const value = values[i];
      return value === undefined ? [] : [[name, value]];
    }),
  );
}

/** Skips the setting of a device that is gone. */
export async function writeSysctl(files: Files, name: string, value: string): Promise<void> {
  const current = await readSysctl(files, name);
  if (current === undefined || current === value) return;
  await files.overwrite(sysctlPath(name), `${value}\n`);
}

async function readSysctl(files: Files, name: string): Promise<string | undefined> {
  return (await files.read(sysctlPath(name)))?.trim();
}

/** Path of a setting, as in sysctl(8): a name with slashes may contain dots, for devices such as `eth0.7`. */
export function sysctlPath(name: string): string {
  return `/proc/sys/${name.includes('/') ? name : name.replaceAll('.', '/')}`;
}
