import { removeDaemon, runDaemon, stopDaemon } from '../../host/bird/daemon.ts';
import type { RoutingDaemonAction } from '../../kinds/routing-daemon/action.ts';
import type { Port } from './port.ts';

/** Each state can be reached from any other, so the inverse of an action is an action like it. */
export const routingDaemonPort: Port<RoutingDaemonAction> = {
  async perform({ config, secrets, stopped }, { host }) {
    if (config === undefined) await removeDaemon(host);
    else await (stopped ? stopDaemon(host, config, secrets) : runDaemon(host, config, secrets));
  },
};
