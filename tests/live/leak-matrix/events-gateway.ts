/** Events on the gateway. */
import { runOrFail } from '../../../src/host/process/exec.ts';
import { inNetwork } from '../../../src/host/process/namespaces.ts';
import { addressesOf, hostAddresses, subnetOf, uplinkLinks } from '../../../src/lab/layout.ts';
import { thisMachine, type World } from '../../../src/lab/world.ts';
import { mustSucceed } from '../program.ts';
import { applyNotReady, on, type Event, type Step } from './event.ts';
import { eachFamily, families, missing } from './families.ts';
import { clearTables, masquerade } from './iptables.ts';
import { commonEvents, nftTable, table } from './layers.ts';
import { advertisements } from './router-advertisements.ts';

const gateway = (run: string): Step => on('gw1', run);
const host = 'gw1';
const own = eachFamily((family) => addressesOf(family).gw1);
const openRoutes = families.map((family) =>
  missing(family, `route in table ${table}: default via ${addressesOf(family).upstream} dev uplink0`),
);
const returnRoutes = families.map((family) => missing(family, `route: ${subnetOf(family)} via`));
const defaultRoutes = families
  .map((family) => `ip route replace default via ${addressesOf(family).isp}`)
  .join('; ');
/** Restores the address that IPv6, unlike IPv4, loses when a link goes down. */
const again = (address: string, device: string): string =>
  `ip address replace ${address}/64 dev ${device} nodad`;
const ownRules = [4050, 4051, 4100, 4200];

export const gatewayEvents: readonly Event[] = [
  ...commonEvents('gw1', ownRules, openRoutes),
  {
    name: 'nft flush ruleset',
    host,
    steps: [gateway('nft flush ruleset')],
    names: [nftTable],
  },
  {
    name: 'uplink down, and up',
    host,
    steps: [
      gateway('ip link set uplink0 down'),
      gateway(`ip link set uplink0 up; ${again(addressesOf(6).uplink, 'uplink0')}`),
    ],
    names: openRoutes,
  },
  {
    name: 'not ready: uplink down, and apply; then up',
    host,
    applies: true,
    steps: [gateway('ip link set uplink0 down'), applyNotReady(host)],
    names: ['its uplink uplink0 is down: closed, not redirected'],
    undo: [gateway(`ip link set uplink0 up; ${again(addressesOf(6).uplink, 'uplink0')}`)],
  },
  {
    name: 'cable of the uplink pulled, and back',
    host,
    steps: [
      on('upstream', 'ip link set gw1 down'),
      on('upstream', `ip link set gw1 up; ${again(addressesOf(6).upstream, 'gw1')}`),
    ],
  },
  {
    name: 'uplink deleted, and made again',
    host,
    steps: [gateway('cat /sys/class/net/uplink0/ifindex >/run/ifindex; ip link del uplink0'), makeUplink],
    names: openRoutes,
  },
  {
    name: 'eth0 down, and up',
    host,
    steps: [
      gateway('ip link set eth0 down'),
      gateway(`ip link set eth0 up; ${again(own[6], 'eth0')}; ${defaultRoutes}`),
    ],
    names: returnRoutes,
  },
  {
    name: 'address of eth0 removed, and back',
    host,
    steps: [
      gateway(`ip address del ${own[4]}/24 dev eth0; ip address del ${own[6]}/64 dev eth0`),
      gateway(`ip address add ${own[4]}/24 dev eth0; ${again(own[6], 'eth0')}; ${defaultRoutes}`),
    ],
    // IPv6 routes stay.
    names: returnRoutes.slice(0, 1),
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
    steps: [gateway(clearTables)],
  },
  {
    name: 'iptables -t nat -I POSTROUTING -j MASQUERADE',
    host,
    steps: [gateway(masquerade('-I'))],
    undo: [gateway(masquerade('-D'))],
  },
  advertisements('gw1', 'eth0'),
];

/** Recreates the uplink of the lab, with the same index. */
async function makeUplink({ hosts: { gw1, upstream } }: World): Promise<void> {
  const index = await gw1.run(['cat', '/run/ifindex']);
  const cable = uplinkLinks({ upstream: upstream.pid }, families).replace(
    'uplink0 type',
    `uplink0 index ${index} type`,
  );
  // Enters only the network namespace: the pids of other hosts are those of the machine.
  await runOrFail(thisMachine().exec, inNetwork(gw1.pid, ['ip', '-batch', '-']), { input: cable });
  await upstream.run([
    'sh',
    '-ec',
    `ip link set gw1 up; ip address add ${addressesOf(4).upstream}/30 dev gw1; ${again(addressesOf(6).upstream, 'gw1')}`,
  ]);
}

async function makeLan({ hosts }: World): Promise<void> {
  const mac = await hosts.gw1.run(['cat', '/run/mac']);
  const cable = [
    `link add gw1 type veth peer name eth0 address ${mac} netns ${hosts.gw1.pid}`,
    'link set gw1 master lan up',
  ];
  const input = `${cable.join('\n')}\n`;
  await runOrFail(thisMachine().exec, inNetwork(hosts.switch.pid, ['ip', '-batch', '-']), { input });
  const batch = hostAddresses('gw1', false, families);
  await hosts.gw1.run(['ip', '-batch', '-'], { input: batch });
}
