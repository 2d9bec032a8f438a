/** What others do on the node. */
import { addresses, network } from '../../../src/lab/layout.ts';
import { on, type Event, type Step } from './event.ts';
import { startSender } from './sender.ts';
import { commonEvents, nftTable, table } from './layers.ts';

const node = (run: string): Step => on('node1', run);
const host = 'node1';
/** As DHCP or ifupdown do: the wrong way out is there again before ours is. */
const defaultRoute = `ip route replace default via ${addresses.isp}`;
const openRoute = `+ route in table ${table}: default via ${addresses.gw1} dev eth0`;
const ownRules = [4000, 4050, 4051, 4100, 4200, 4999];

const bus = 'DBUS_SYSTEM_BUS_ADDRESS=unix:path=/run/dbus-lab.sock';

/** The real one, with a bus of its own; containers are trusted, or it would stop them itself. */
const startFirewalld = `
echo '<busconfig><type>system</type><listen>unix:path=/run/dbus-lab.sock</listen><auth>EXTERNAL</auth>
<policy context="default"><allow user="*"/><allow own="*"/><allow send_type="method_call"/>
<allow send_destination="*"/><allow receive_sender="*"/></policy></busconfig>' >/run/dbus-lab.conf
dbus-daemon --config-file=/run/dbus-lab.conf --fork
export ${bus}
firewall-offline-cmd --zone=trusted --add-source=${network.subnet} >/run/firewalld.log 2>&1
setsid firewalld --nofork --nopid >>/run/firewalld.log 2>&1 </dev/null &
for try in $(seq 1 100); do firewall-cmd --state >/dev/null 2>&1 && exit; sleep 0.1; done
cat /run/firewalld.log; exit 1`;

export const nodeEvents: readonly Event[] = [
  ...commonEvents('node1', ownRules, openRoute),
  {
    name: 'eth0 down, and up',
    host,
    steps: [node('ip link set eth0 down'), node(`ip link set eth0 up; ${defaultRoute}`)],
    names: [openRoute],
  },
  {
    name: 'address of eth0 removed, and back',
    host,
    steps: [
      node(`ip address del ${addresses.node1}/24 dev eth0`),
      node(`ip address add ${addresses.node1}/24 dev eth0; ${defaultRoute}`),
    ],
    names: [openRoute],
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
      node(`ip route add default via ${addresses.isp} metric 0 proto 16 table main || ${defaultRoute}`),
    ],
  },
  {
    name: 'somebody masquerades all before us',
    host,
    steps: [
      node(`nft 'table ip theirs { chain first {
        type nat hook postrouting priority 80; masquerade
      }; }'; conntrack -F`),
    ],
    undo: [node('nft delete table ip theirs; conntrack -F')],
  },
  {
    name: 'somebody accepts all before us',
    host,
    steps: [
      node(`nft 'table ip theirs { chain first {
        type filter hook forward priority -300; accept
      }; }'`),
    ],
    undo: [node('nft delete table ip theirs')],
  },
  {
    name: 'a container sends from an address of its own making',
    host,
    steps: [
      node(`pid=$(podman inspect --format '{{.State.Pid}}' web)
        nsenter --net=/proc/$pid/ns/net sh -c 'ip address add 10.77.0.5/32 dev eth0
        ping -q -c 20 -i 0.01 -I 10.77.0.5 ${addresses.internet}; ip address del 10.77.0.5/32 dev eth0' || true
        nft list set inet mustredirect bridges | grep 'counter packets 20 '`),
    ],
  },
];

/** Of the nft table's own tables the engine's are no more than ours: it makes them again when it is asked to. */
export const engineEvents: readonly Event[] = [
  {
    name: 'nft flush ruleset',
    host,
    steps: [node('nft flush ruleset')],
    names: [nftTable],
    restore: [node('podman network reload --all')],
  },
  {
    name: 'nft flush ruleset, and podman network reload --all',
    host,
    steps: [node('nft flush ruleset'), node('podman network reload --all')],
    names: [nftTable],
  },
  { name: 'podman network reload --all', host, steps: [node('podman network reload --all')] },
  { name: 'podman restart', host, steps: [node('podman restart --time 0 web')] },
  {
    name: 'podman stop, and start',
    host,
    steps: [node('podman stop --time 0 web'), node('podman start web')],
  },
  {
    name: 'another container starts, and goes',
    host,
    steps: [(world) => startSender(world, 'another'), node('podman rm -f -t 0 another')],
  },
  {
    name: 'the last container goes, and one comes',
    host,
    steps: [node('podman rm -f -t 0 web'), (world) => startSender(world, 'web')],
  },
  {
    name: 'iptables -F, -t nat -F, -P FORWARD ACCEPT',
    host,
    steps: [node('iptables -F; iptables -t nat -F; iptables -P FORWARD ACCEPT')],
    restore: [node('podman network reload --all')],
  },
  {
    name: 'iptables-save, iptables-restore',
    host,
    steps: [node('iptables-save >/run/saved; iptables-restore </run/saved')],
  },
  {
    name: 'nft flush ruleset, and iptables-restore',
    host,
    steps: [node('iptables-save >/run/saved; nft flush ruleset; iptables-restore </run/saved')],
    names: [nftTable],
  },
  {
    name: 'iptables -t nat -I POSTROUTING -j MASQUERADE',
    host,
    steps: [node('iptables -t nat -I POSTROUTING -j MASQUERADE')],
    undo: [node('iptables -t nat -D POSTROUTING -j MASQUERADE')],
  },
  {
    name: 'firewall-cmd --reload',
    host,
    steps: [node(startFirewalld), node(`export ${bus}; firewall-cmd --reload`)],
    restore: [node("pkill -f '[f]irewalld --nofork'; sleep 0.5; pkill -f '[d]bus-lab.conf'")],
  },
];
