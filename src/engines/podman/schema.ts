/** Output of podman 3.0 to 5.8: the fields that we need. */
import * as z from 'zod';
import { subnetSchema } from '../decode.ts';

/** `podman info --format json` */
export const infoSchema = z.object({
  host: z.object({
    /** absent before 4.0, when there was nothing but CNI */
    networkBackend: z.string().optional(),
    security: z.object({ rootless: z.boolean() }).optional(),
  }),
  version: z.object({ Version: z.string() }),
});

/** `podman ps --all --format json`: stopped containers list their networks too, pods have them at their infra container */
export const containersSchema = z.array(
  z.object({
    Id: z.string(),
    Names: z.array(z.string()).nullish(),
    Networks: z.array(z.string()).nullish(),
    State: z.string(),
    Pid: z.number().nullish(),
    /** those that are published */
    Ports: z.array(z.unknown()).nullish(),
  }),
);

/** containers.conf, any of its files */
export const containersConfSchema = z.object({
  network: z
    .object({
      network_config_dir: z
        .string()
        .regex(/^[^\0]*$/)
        .optional(),
      default_network: z.string().optional(),
      default_subnet: subnetSchema.optional(),
    })
    .optional(),
});
