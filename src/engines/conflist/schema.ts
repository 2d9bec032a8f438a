/** A CNI network configuration list, cut to what we need of it. */
import * as z from 'zod';
import { deviceName } from '../../host/ip/device-name.ts';
import { subnetSchema } from '../decode.ts';

/** Enough to tell whose file it is. Plugins are decoded further only in the file of a network of ours. */
export const conflistSchema = z.object({
  name: z.string(),
  /** podman's own, no part of CNI */
  args: z
    .object({ podman_labels: z.record(z.string(), z.string()).nullish() })
    .nullish()
    .catch(undefined),
  /** nerdctl's own */
  nerdctlLabels: z.record(z.string(), z.string()).nullish().catch(undefined),
  plugins: z.array(z.looseObject({ type: z.string() })),
});

export type Conflist = z.infer<typeof conflistSchema>;

/** What CNI takes networks from: a list of plugins, or one, which it takes for a list of one. */
export const fileSchema = z.preprocess(
  (value) => (isOnePlugin(value) ? { ...value, plugins: [value] } : value),
  conflistSchema,
);

export function isOnePlugin(value: unknown): value is object {
  return typeof value === 'object' && value !== null && 'type' in value && !('plugins' in value);
}

const hostLocalSchema = z.object({
  ranges: z.array(z.array(z.object({ subnet: subnetSchema }))).default([]),
  /** the form with one range, before CNI plugins 0.6 */
  subnet: subnetSchema.optional(),
  dataDir: z
    .string()
    .regex(/^[^\0]*$/)
    .optional(),
});

/** The bridge plugin's part. What is absent has the plugin's own default. */
export const bridgeSchema = z.object({
  bridge: deviceName.default('cni0'),
  isGateway: z.boolean().default(false),
  isDefaultGateway: z.boolean().default(false),
  ipMasq: z.boolean().default(false),
  /** 0: the kernel's default */
  mtu: z.int().nonnegative().default(0),
  ipam: hostLocalSchema.default({ ranges: [] }),
});
