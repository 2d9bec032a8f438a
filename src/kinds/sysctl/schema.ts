import * as z from 'zod';
import { sysctlName } from '../fields.ts';
import type { Plain } from '../plain.ts';

/**
 * Whether the host sends ICMP redirects. The kernel switches them off for all devices as soon as a WireGuard device is up:
 * wg_open of drivers/net/wireguard/device.c. [measured on 6.1]
 */
export const sendRedirectsName = 'net.ipv4.conf.all.send_redirects';

/** Sysctl that we share with other programs. */
export type Sysctl = Plain<typeof sysctlSchema>;

export const sysctlSchema = z.object({
  kind: z.literal('sysctl'),
  /** dotted: `net.ipv4.ip_forward` */
  name: sysctlName,
  value: z.string(),
  /**
   * settings that the kernel changes along with this one, with their values: `ip_forward` also writes every device's
   * `forwarding` and `all.accept_redirects`
   */
  alongside: z.record(sysctlName, z.string()).exactOptional(),
});
