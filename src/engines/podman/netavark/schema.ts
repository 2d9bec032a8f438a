/** A network file of podman's netavark backend, podman 4.0 to 5.8, cut to what we need of it. */
import * as z from 'zod';
import { deviceName } from '../../../host/ip/device-name.ts';
import { addressSchema, subnetSchema } from '../../decode.ts';

/** Of other drivers, the other fields may be anything. */
export const anyNetworkSchema = z.object({
  driver: z.string(),
  labels: z.record(z.string(), z.string()).nullish(),
});

export const networkSchema = z.object({
  name: z.string(),
  /** left out, or empty, where there is no bridge */
  network_interface: z.union([z.literal(''), deviceName]).optional(),
  subnets: z.array(z.object({ subnet: subnetSchema })).nullish(),
  dns_enabled: z.boolean().default(false),
  /** since podman 4.4 */
  network_dns_servers: z.array(addressSchema).nullish(),
  options: z.record(z.string(), z.string()).nullish(),
  internal: z.boolean().default(false),
  labels: z.record(z.string(), z.string()).nullish(),
});
