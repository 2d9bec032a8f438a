/** Foreign hosts that announce themselves as default router with real router advertisements. */
import { network } from '../../../src/lab/layout.ts';
import { on, type Event } from './event.ts';
import { startSender } from './sender.ts';

/** Starts a router with high preference on a device, with a specific route to the packets' destination. */
const start = (device: string): string => `
echo 'interface ${device} {
  AdvSendAdvert on; MinRtrAdvInterval 3; MaxRtrAdvInterval 4; AdvDefaultPreference high;
  prefix 2001:db8:66::/64 { };
  route 2001:db8:113::/64 { AdvRoutePreference high; };
};' >/run/radvd.conf
radvd -C /run/radvd.conf -p /run/radvd.pid -m none`;
/** Stops the router with a final advertisement that withdraws everything. */
const stop = 'kill $(cat /run/radvd.pid); sleep 0.5';

/**
 * Makes the host accept advertisements, which a forwarding host ignores by default: otherwise, the row proves nothing.
 */
const believe = (device: string): string => `cd /proc/sys/net/ipv6/conf/${device}
echo 2 >accept_ra; echo 128 >accept_ra_rt_info_max_plen`;
const awaitRoutes = (device: string): string => `for try in $(seq 1 100); do
  ip -6 route show proto ra dev ${device} | grep -q '^default via fe80::' &&
    ip -6 route show proto ra dev ${device} | grep -q '^2001:db8:113::/64 via fe80::' && exit
  sleep 0.1
done; ip -6 route; exit 1`;

/** @param device device on the LAN, where the isp announces itself as the best default router */
export function advertisements(host: 'node1' | 'gw1', device: string): Event {
  return {
    name: 'router advertisements of the isp: it is the best router, and has a route to just there',
    host,
    prepare: [on(host, believe(device))],
    steps: [on('isp', start('eth0')), on(host, awaitRoutes(device)), on('isp', stop)],
    restore: [on(host, `echo 1 >/proc/sys/net/ipv6/conf/${device}/accept_ra`)],
  };
}

/** Bridge of the network, as named by the engine. */
const bridge = `bridge=$(podman network inspect --format '{{.NetworkInterface}}' ${network.name})
test -e /sys/class/net/$bridge`;
const inContainer = `pid=$(podman inspect --format '{{.State.Pid}}' stranger)
enter="nsenter --net=/proc/$pid/ns/net"`;

export const advertisementsOfContainer: Event = {
  name: 'router advertisements of another container of the network',
  host: 'node1',
  prepare: [(world) => startSender(world, 'stranger')],
  steps: [
    on('node1', `${bridge}; ${believe('$bridge')}`),
    on(
      'node1',
      `${inContainer}; $enter sh -c 'echo 1 >/proc/sys/net/ipv6/conf/all/forwarding'
       ${start('eth0').replace('\nradvd', '\n$enter radvd')}`,
    ),
    on('node1', `${bridge}; ${awaitRoutes('$bridge')}`),
    on('node1', `${stop}; podman rm --force --time 0 stranger`),
  ],
  restore: [on('node1', `${bridge}; echo 1 >/proc/sys/net/ipv6/conf/$bridge/accept_ra`)],
};
