import * as z from 'zod';
import { engineNames } from '../../spec/engine-names.ts';
import type { Plain } from '../plain.ts';

/** Whether an engine masquerades what leaves a network, where that is a setting that we can change. */
export type EngineMasquerade = Plain<typeof engineMasqueradeSchema>;

export const engineMasqueradeSchema = z.object({
  kind: z.literal('engine-masquerade'),
  engine: z.enum(engineNames),
  network: z.string(),
  /** the file that holds the setting, and the engine's word for it: `ipMasq` */
  file: z.string(),
  setting: z.string(),
  enabled: z.boolean(),
});
