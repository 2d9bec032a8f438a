import * as z from 'zod';
import { engineNames } from '../../spec/engine-names.ts';
import { confFile, networkName } from '../fields.ts';
import type { Plain } from '../plain.ts';

/** Whether an engine masquerades packets that leave a network, when a file has the setting. */
export type EngineMasquerade = Plain<typeof engineMasqueradeSchema>;

export const engineMasqueradeSchema = z.object({
  kind: z.literal('engine-masquerade'),
  engine: z.enum(engineNames),
  network: networkName,
  /** file with the setting, and the engine's name for it: `ipMasq` */
  file: confFile,
  setting: z.string(),
  enabled: z.boolean(),
});
