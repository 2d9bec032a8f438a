/** Output of podman 3.0 to 5.8, reduced to the fields that we need. */
import * as z from 'zod';
import { subnetSchema } from '../decode.ts';

/** `podman info --format json` */
export const infoSchema = z.object({
  host: z.object({
    /** absent before 4.0, which has CNI only */
    networkBackend: z.string().optional(),
    security: z.object({ rootless: z.boolean() }).optional(),
  }),
  version: z.object({ Version: z.string() }),
});

/** `podman ps --all --format json`: includes networks of stopped containers; a pod's are at its infra container */
export const containersSchema = z.array(
  z.object({
    Id: z.string(),
    Names: z.array(z.string()).nullish(),
    Networks: z.array(z.string()).nullish(),
    State: z.string(),
    Pid: z.number().nullish(),
    /** published ports */
    Ports: z.array(z.unknown()).nullish(),
  }),
);

/** containers.conf, each of its files */
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
