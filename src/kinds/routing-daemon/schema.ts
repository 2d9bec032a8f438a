import * as z from 'zod';
import { keyFilePattern } from '../../spec/values.ts';
import type { Plain } from '../plain.ts';

/** Our routing daemon: a BIRD with this configuration, in its own folder. */
export type RoutingDaemon = Plain<typeof routingDaemonSchema>;

export const routingDaemonSchema = z.object({
  kind: z.literal('routing-daemon'),
  /** text of bird.conf; equal texts mean that nothing is to be done */
  config: z.string(),
  /** files that the configuration includes: each defines a password under its own name. The password is in no object. */
  secrets: z
    .array(
      z.object({
        name: z.string().regex(/^\w+$/, 'not a name'),
        /** path of the user's file */
        file: z.string().regex(keyFilePattern, 'not the path of a password file'),
        /** the user's file has another password now, or cannot be read */
        outdated: z.literal(true).exactOptional(),
      }),
    )
    .exactOptional(),
  /** it does not run, does not answer, runs with another configuration, or will take its configuration back */
  stopped: z.literal(true).exactOptional(),
});
