import * as z from 'zod';
import { engineNames } from '../../spec/engine-names.ts';
import { networkName, strings } from '../fields.ts';
import type { Plain } from '../plain.ts';

/** Container network of an engine. */
export type EngineNetwork = Plain<typeof engineNetworkSchema>;

/** Network that an engine reads or creates. */
export type NetworkRequest = Omit<EngineNetwork, 'kind' | 'engine'>;

export const engineNetworkSchema = z.object({
  kind: z.literal('engine-network'),
  engine: z.enum(engineNames),
  name: networkName,
  subnets: strings,
  /** MTU in bytes; absent: the engine chooses */
  mtu: z.number().exactOptional(),
  /** devices from which replies may come in, for engines that drop them by default */
  trusted: strings.exactOptional(),
});
