/** Network file of podman's netavark backend, podman 4.0 to 5.8, reduced to the fields that we need. */
import * as z from 'zod';
import { deviceName } from '../../../host/ip/device-name.ts';
import { addressSchema, subnetSchema } from '../../decode.ts';

/** With other drivers, the remaining fields may have any form. */
export const anyNetworkSchema = z.object({
  driver: z.string(),
  labels: z.record(z.string(), z.string()).nullish(),
});

export const networkSchema = z.object({
  name: z.string(),
  /** absent or empty when the network has no bridge */
  network_interface: z.union([z.literal(''), deviceName]).optional(),
  subnets: z.array(z.object({ subnet: subnetSchema })).nullish(),
  dns_enabled: z.boolean().default(false),
  /** since podman 4.4 */
  network_dns_servers: z.array(addressSchema).nullish(),
  options: z.record(z.string(), z.string()).nullish(),
  internal: z.boolean().default(false),
  labels: z.record(z.string(), z.string()).nullish(),
});
