/** Fields that kinds have in common. */
import * as z from 'zod';

export const family = z.literal([4, 6]);
export const strings = z.array(z.string());

/** The names of a state file become paths, and arguments of programs: none leads anywhere else, or is an option. */
export const settingName = z
  .string()
  .regex(/^net[./]ipv[46][./](?!.*(?:^|\/)\.\.?(?:\/|$))[^\0\s]+$/, 'not a setting of ours');
export const networkName = z.string().regex(/^[a-zA-Z0-9][\w.-]*$/, 'not a network name');
export const confFile = z
  .string()
  .regex(/^\/(?!.*(?:^|\/)\.\.?\/)[^\0]+\.(?:conflist|conf|json)$/, 'not a network file');
