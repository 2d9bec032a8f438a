import * as z from 'zod';
import { engineNames } from '../../spec/engine-names.ts';
import { networkName, strings } from '../fields.ts';
import type { Plain } from '../plain.ts';

/** A container network that an engine holds. */
export type EngineNetwork = Plain<typeof engineNetworkSchema>;

/** What an engine is asked for. */
export type NetworkRequest = Omit<EngineNetwork, 'kind' | 'engine'>;

export const engineNetworkSchema = z.object({
  kind: z.literal('engine-network'),
  engine: z.enum(engineNames),
  name: networkName,
  subnets: strings,
  /** bytes of the largest IP packet, where it is not the engine's own choice */
  mtu: z.number().exactOptional(),
  /** devices by which answers may come in, where the engine drops them otherwise */
  trusted: strings.exactOptional(),
});
