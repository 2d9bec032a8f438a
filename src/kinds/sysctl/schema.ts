import * as z from 'zod';
import { settingName } from '../fields.ts';
import type { Plain } from '../plain.ts';

/** A setting of the kernel that we share with others. */
export type Sysctl = Plain<typeof sysctlSchema>;

export const sysctlSchema = z.object({
  kind: z.literal('sysctl'),
  /** dotted: `net.ipv4.ip_forward` */
  name: settingName,
  value: z.string(),
  /**
   * settings that the kernel changes along with this one, and their values that belong to this value:
   * `ip_forward` also writes every device's `forwarding` and `all.accept_redirects`
   */
  alongside: z.record(settingName, z.string()).exactOptional(),
});
