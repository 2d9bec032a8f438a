/** CNI network configuration list, reduced to the fields that we need. */
import * as z from 'zod';
import { deviceName } from '../../host/ip/device-name.ts';
import { subnetSchema } from '../decode.ts';

/** Fields that identify the network. Plugins are decoded further only in files of redirected networks. */
export const conflistSchema = z.object({
  name: z.string(),
  /** added by podman, not part of CNI */
  args: z
    .object({ podman_labels: z.record(z.string(), z.string()).nullish() })
    .nullish()
    .catch(undefined),
  /** added by nerdctl */
  nerdctlLabels: z.record(z.string(), z.string()).nullish().catch(undefined),
  plugins: z.array(z.looseObject({ type: z.string() })),
});

export type Conflist = z.infer<typeof conflistSchema>;

/** File that defines a CNI network: a list of plugins, or a single plugin, which CNI treats as a list of one. */
export const fileSchema = z.preprocess(
  (value) => (isOnePlugin(value) ? { ...value, plugins: [value] } : value),
  conflistSchema,
);

export function isOnePlugin(value: unknown): value is object {
  return typeof value === 'object' && value !== null && 'type' in value && !('plugins' in value);
}

const hostLocalSchema = z.object({
  ranges: z.array(z.array(z.object({ subnet: subnetSchema }))).default([]),
  /** single range, as written before CNI plugins 0.6 */
  subnet: subnetSchema.optional(),
  dataDir: z
    .string()
    .regex(/^[^\0]*$/)
    .optional(),
});

/** Settings of the bridge plugin. Absent fields have the plugin's defaults. */
export const bridgeSchema = z.object({
  bridge: deviceName.default('cni0'),
  isGateway: z.boolean().default(false),
  isDefaultGateway: z.boolean().default(false),
  ipMasq: z.boolean().default(false),
  /** 0: kernel default */
  mtu: z.int().nonnegative().default(0),
  ipam: hostLocalSchema.default({ ranges: [] }),
});
