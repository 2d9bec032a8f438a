/** Adds the tunnels of uplinks, as they are now, to the status. */
import { readOuterPath } from '../host/ip/outer-path.ts';
import { readTunnelDevices } from '../host/ip/tunnel-devices.ts';
import type { Exec } from '../host/ports.ts';
import type { Link } from '../state/facts.ts';
import type { GatewayStatus, Status } from './status.ts';
import { verdictOf } from './tunnel-state.ts';

/** Adds the state of each gateway's tunnel, whoever made it. */
export async function withTunnelStates(status: Status, exec: Exec, links: readonly Link[]): Promise<Status> {
  const now = Math.floor(Date.now() / 1000);
  const devices = await readTunnelDevices(exec, status.gateways.map(deviceOf));
  const tunnels = await Promise.all(
    devices.map(async (tunnel) => ({ tunnel, path: await readOuterPath(exec, tunnel, links) })),
  );
  return {
    ...status,
    gateways: status.gateways.map((gateway) => {
      const found = tunnels.find(({ tunnel }) => tunnel.device === deviceOf(gateway));
      if (!found) return gateway;
      const { tunnel, path } = found;
      const redirected = gateway.served.reduce((sum, { packets }) => sum + packets, 0);
      return { ...gateway, outer: { ...tunnel, path, verdict: verdictOf(tunnel, path, redirected, now) } };
    }),
  };
}

function deviceOf({ uplink }: GatewayStatus): string {
  return uplink.split(' ')[0] ?? '';
}
