/** Events on the node. */
import { addresses, addressesOf } from '../../../src/lab/layout.ts';
import { applyNotReady, on, type Event, type Step } from './event.ts';
import { eachFamily, families, missing } from './families.ts';
import { advertisements, advertisementsOfContainer } from './router-advertisements.ts';
import { commonEvents, table } from './layers.ts';

const node = (run: string): Step => on('node1', run);
const host = 'node1';
const isp = eachFamily((family) => addressesOf(family).isp);
const own = eachFamily((family) => addressesOf(family).node1);
/** Like DHCP or ifupdown: the default route to the isp is restored before our routes. */
const defaultRoutes = families.map((family) => `ip route replace default via ${isp[family]}`).join('; ');
/** Restores the address that IPv6, unlike IPv4, loses when a link goes down. */
const address6 = `ip address replace ${own[6]}/64 dev eth0 nodad`;
const openRoutes = families.map((family) =>
  missing(family, `route in table ${table}: default via ${addressesOf(family).gw1} dev eth0`),
);
const ownRules = [4050, 4051, 4100, 4200];

export const nodeEvents: readonly Event[] = [
  ...commonEvents('node1', ownRules, openRoutes),
  {
    name: 'eth0 down, and up',
    host,
    steps: [node('ip link set eth0 down'), node(`ip link set eth0 up; ${address6}; ${defaultRoutes}`)],
    names: openRoutes,
  },
  {
    name: 'address of eth0 removed, and back',
    host,
    steps: [
      node(`ip address del ${own[4]}/24 dev eth0; ip address del ${own[6]}/64 dev eth0`),
      node(`ip address add ${own[4]}/24 dev eth0; ${address6}; ${defaultRoutes}`),
    ],
    // IPv6 routes stay.
    names: openRoutes.slice(0, 1),
  },
  {
    name: 'not ready: IPv6 address of eth0 removed, and apply; then back',
    host,
    applies: true,
    steps: [
      node(`ip address del ${own[6]}/64 dev eth0; ip -6 route replace default via ${isp[6]} dev eth0 onlink`),
      applyNotReady(host),
    ],
    names: ['IPv6 closed, not redirected'],
    undo: [node(`${address6}; ${defaultRoutes}`)],
  },
  {
    name: 'not ready: eth0 down, and apply; then up',
    host,
    applies: true,
    steps: [
      node('ip link set eth0 down'),
      applyNotReady(host),
      node(`ip link set eth0 up; ${address6}; ${defaultRoutes}`),
    ],
    names: openRoutes,
  },
  {
    name: 'cable to the gateway pulled, and back',
    host,
    steps: [on('switch', 'ip link set gw1 down'), on('switch', 'ip link set gw1 up')],
  },
  {
    name: 'cable of the node pulled, and back',
    host,
    steps: [on('switch', 'ip link set node1 down'), on('switch', 'ip link set node1 up')],
  },
  {
    name: 'a second default route, by the isp, with a better metric',
    host,
    steps: [
      node(`ip route add default via ${isp[4]} metric 0 proto 16 table main || ${defaultRoutes}
        ip route add default via ${isp[6]} metric 1 proto 16`),
    ],
  },
  {
    name: 'somebody masquerades all before us',
    host,
    steps: [
      node(`nft 'table inet theirs { chain first {
        type nat hook postrouting priority 80; masquerade
      }; }'; conntrack -F`),
    ],
    undo: [node('nft delete table inet theirs; conntrack -F')],
  },
  {
    name: 'somebody accepts all before us',
    host,
    steps: [
      node(`nft 'table inet theirs { chain first {
        type filter hook forward priority -300; accept
      }; }'`),
    ],
    undo: [node('nft delete table inet theirs')],
  },
  {
    name: 'a container sends from an address of its own making',
    host,
    steps: [
      node(`pid=$(podman inspect --format '{{.State.Pid}}' web)
        nsenter --net=/proc/$pid/ns/net sh -c '
          ip address add 10.77.0.5/32 dev eth0; ip address add 2001:db8:77::5/128 dev eth0 nodad
          ping -q -c 20 -i 0.01 -I 10.77.0.5 ${addresses.internet}
          ping -q -c 20 -i 0.01 -I 2001:db8:77::5 ${addressesOf(6).internet}
          ip address del 10.77.0.5/32 dev eth0; ip address del 2001:db8:77::5/128 dev eth0' || true
        nft list set inet mustredirect spoofed | grep -E 'counter packets ([4-9][0-9]|[0-9]{3,}) '`),
    ],
  },
  advertisements('node1', 'eth0'),
  advertisementsOfContainer,
];
