/** What others do on the gateway. */
import { runOrFail } from '../../../src/host/exec.ts';
import { inNetwork } from '../../../src/host/namespaces.ts';
import { addresses, hostAddresses, uplinkLinks } from '../../../src/lab/layout.ts';
import { thisMachine, type World } from '../../../src/lab/world.ts';
import { mustSucceed } from '../program.ts';
import { on, type Event, type Step } from './event.ts';
import { commonEvents, nftTable, table } from './layers.ts';

const gateway = (run: string): Step => on('gw1', run);
const host = 'gw1';
const openRoute = `+ route in table ${table}: default via ${addresses.upstream} dev uplink0`;
const returnRoute = '10.89.4.0/24';
const defaultRoute = `ip route replace default via ${addresses.isp}`;
const ownRules = [4050, 4051, 4100, 4200, 4999];

export const gatewayEvents: readonly Event[] = [
  ...commonEvents('gw1', ownRules, openRoute),
  {
    name: 'nft flush ruleset',
    host,
    steps: [gateway('nft flush ruleset')],
    names: [nftTable],
  },
  {
    name: 'uplink down, and up',
    host,
    steps: [gateway('ip link set uplink0 down'), gateway('ip link set uplink0 up')],
    names: [openRoute],
  },
  {
    name: 'cable of the uplink pulled, and back',
    host,
    steps: [on('upstream', 'ip link set gw1 down'), on('upstream', 'ip link set gw1 up')],
  },
  {
    name: 'uplink deleted, and made again',
    host,
    steps: [gateway('cat /sys/class/net/uplink0/ifindex >/run/ifindex; ip link del uplink0'), makeUplink],
    names: [openRoute],
  },
  {
    name: 'eth0 down, and up',
    host,
    steps: [gateway('ip link set eth0 down'), gateway(`ip link set eth0 up; ${defaultRoute}`)],
    names: [returnRoute],
  },
  {
    name: 'address of eth0 removed, and back',
    host,
    steps: [
      gateway(`ip address del ${addresses.gw1}/24 dev eth0`),
      gateway(`ip address add ${addresses.gw1}/24 dev eth0; ${defaultRoute}`),
    ],
    names: [returnRoute],
  },
  {
    name: 'the gateway is gone: its only cable to the node cut off, and there again',
    host: 'node1',
    steps: [gateway('cat /sys/class/net/eth0/address >/run/mac; ip link del eth0')],
    undo: [makeLan, ({ hosts: { gw1 } }) => mustSucceed(gw1, 'apply', '--yes')],
  },
  {
    name: 'iptables -F, -t nat -F, -P FORWARD ACCEPT',
    host,
    steps: [gateway('iptables -F; iptables -t nat -F; iptables -P FORWARD ACCEPT')],
  },
  {
    name: 'iptables -t nat -I POSTROUTING -j MASQUERADE',
    host,
    steps: [gateway('iptables -t nat -I POSTROUTING -j MASQUERADE')],
    undo: [gateway('iptables -t nat -D POSTROUTING -j MASQUERADE')],
  },
];

/** As the lab has made it, with the index that it had. */
async function makeUplink({ hosts: { gw1, upstream } }: World): Promise<void> {
  const index = await gw1.run(['cat', '/run/ifindex']);
  const cable = uplinkLinks({ upstream: upstream.pid }).replace(
    'uplink0 type',
    `uplink0 index ${index} type`,
  );
  // Only the network namespace: the pids of other hosts are the machine's.
  await runOrFail(thisMachine().exec, inNetwork(gw1.pid, ['ip', '-batch', '-']), { input: cable });
  await upstream.run(['sh', '-ec', `ip address add ${addresses.upstream}/30 dev gw1; ip link set gw1 up`]);
}

async function makeLan({ hosts }: World): Promise<void> {
  const mac = await hosts.gw1.run(['cat', '/run/mac']);
  const cable = [
    `link add gw1 type veth peer name eth0 address ${mac} netns ${hosts.gw1.pid}`,
    'link set gw1 master lan up',
  ];
  const input = `${cable.join('\n')}\n`;
  await runOrFail(thisMachine().exec, inNetwork(hosts.switch.pid, ['ip', '-batch', '-']), { input });
  const batch = hostAddresses('gw1', false);
  await hosts.gw1.run(['ip', '-batch', '-'], { input: batch });
}
