/** Runs BIRD with a configuration, or ends it. */
import * as z from 'zod';
import type { ActionKind } from '../action-kind.ts';
import type { Plain } from '../plain.ts';
import { routingDaemonSchema } from './schema.ts';

export type RoutingDaemonAction = Plain<typeof routingDaemonActionSchema>;

const routingDaemonActionSchema = z.object({
  kind: z.literal('routing-daemon'),
  /** text of bird.conf; absent: the daemon is ended, and its folder removed */
  config: z.string().exactOptional(),
  secrets: routingDaemonSchema.shape.secrets,
  /** the configuration is written, and the daemon ended: as it was before a run that is undone */
  stopped: z.literal(true).exactOptional(),
});

/** Folder of the daemon in a shell script, which may run on a host without mustredirect. */
const scriptFolder = '/run/mustredirect/host.bird';

export const routingDaemonAction: ActionKind<RoutingDaemonAction> = {
  names: ['routing-daemon'],
  schema: routingDaemonActionSchema,
  work: ({ config }) =>
    config === undefined ? 'ending the routing daemon' : 'setting up the routing daemon',
  objects: () => 1,
  outlivesRestart: false,
  shell: ({ config, secrets = [] }, { quote }) =>
    config === undefined
      ? [`birdc -s ${scriptFolder}/bird.ctl down`, `rm -r ${scriptFolder}`]
      : [
          `mkdir -p -m 0700 ${scriptFolder}`,
          ...secrets.map(
            ({ name, file }) =>
              `(umask 077; sed 's/.*/define ${name} = "&";/' ${quote(file)} > ${scriptFolder}/${name})`,
          ),
          `printf %s ${quote(config)} > ${scriptFolder}/bird.conf`,
          // Its log is a relative path.
          `(cd ${scriptFolder} && bird -c ${scriptFolder}/bird.conf -s ${scriptFolder}/bird.ctl -P ${scriptFolder}/bird.pid)`,
        ],
};
