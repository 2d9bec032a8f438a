import * as z from 'zod';
import { engineNames } from '../../spec/engine-names.ts';
import { confFile, networkName } from '../fields.ts';
import type { Plain } from '../plain.ts';

/** Whether an engine masquerades what leaves a network, where that is a setting that we can change. */
export type EngineMasquerade = Plain<typeof engineMasqueradeSchema>;

export const engineMasqueradeSchema = z.object({
  kind: z.literal('engine-masquerade'),
  engine: z.enum(engineNames),
  network: networkName,
  /** the file that holds the setting, and the engine's word for it: `ipMasq` */
  file: confFile,
  setting: z.string(),
  enabled: z.boolean(),
});
