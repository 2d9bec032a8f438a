/** Host behind upstream, beyond a hop with a smaller MTU than the uplink, and traffic of containers to it. */
import { type Address, type Family, type Subnet } from '../../src/address/cidr.ts';
import { endingWithStdin, waitUntil } from '../../src/host/process/background.ts';
import { inNetwork } from '../../src/host/process/namespaces.ts';
import { addressesOf } from '../../src/lab/layout.ts';
import type { TestHost } from '../../src/lab/test-host.ts';
import type { World } from '../../src/lab/world.ts';

/** MTU of the uplink, and of the hop behind it */
export const uplinkMtu = 1400;
export const farMtu = 1300;
/** bytes in each direction: more than all buffers on the path hold */
export const bulk = 2_000_000;

const port = 7;

interface FarAddresses {
  /** the far host, behind the narrow hop */
  readonly far: Address;
  readonly farLength: number;
  /** ends of the narrow hop: upstream, and the router after it */
  readonly upstream: Address;
  readonly router: Address;
  readonly hopLength: number;
  /** address of that router towards the far host */
  readonly last: Address;
  readonly subnet: Subnet;
}

const farAddresses: Readonly<Record<Family, FarAddresses>> = {
  4: {
    far: '198.51.100.10',
    farLength: 29,
    upstream: '198.51.100.1',
    router: '198.51.100.2',
    hopLength: 30,
    last: '198.51.100.9',
    subnet: '198.51.100.8/29',
  },
  6: {
    far: '2001:db8:51:2::10',
    farLength: 64,
    upstream: '2001:db8:51:1::1',
    router: '2001:db8:51:1::2',
    hopLength: 64,
    last: '2001:db8:51:2::1',
    subnet: '2001:db8:51:2::/64',
  },
};

export function farOf(family: Family): Address {
  return farAddresses[family].far;
}

/** Adds the narrow hop between two routers, so that neither end has it on a device of its own. */
function wayScript(family: Family): string {
  const { far, farLength, upstream, router, hopLength, last, subnet } = farAddresses[family];
  // nodad makes an address usable at once.
  const nodad = family === 6 ? ' nodad' : '';
  return `ip netns add hop
ip netns add far
ip link add hop0 mtu ${farMtu} type veth peer name up0 mtu ${farMtu} netns hop
ip address add ${upstream}/${hopLength} dev hop0${nodad}
ip link set hop0 up
ip netns exec hop sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
ip -netns hop link add far0 type veth peer name eth0 netns far
ip -netns hop -batch - <<END
address add ${router}/${hopLength} dev up0${nodad}
address add ${last}/${farLength} dev far0${nodad}
link set up0 up
link set far0 up
route add default via ${upstream}
END
ip -netns far -batch - <<END
link set lo up
address add ${far}/${farLength} dev eth0${nodad}
link set eth0 up
route add default via ${last}
END
ip route add ${subnet} via ${router}
`;
}

/** Server: replies to a connection with the same number of bytes at its end, and echoes datagrams. */
const answering = `
const [address] = process.argv.slice(1);
const net = require('node:net').createServer({ allowHalfOpen: true }, (socket) => {
  let bytes = 0;
  socket.on('data', (data) => { bytes += data.length; });
  socket.on('end', () => socket.end(Buffer.alloc(bytes)));
  socket.on('error', () => {});
});
const udp = require('node:dgram').createSocket(address.includes(':') ? 'udp6' : 'udp4');
udp.on('message', (data, from) => udp.send(data, from.port, from.address));
net.listen(${port}, address, () => udp.bind(${port}, address, () => console.log('ready')));
`;

/** Client for connections; it ends when no data moves for a while. */
const connecting = `
const [address] = process.argv.slice(1);
const socket = require('node:net').connect(${port}, address);
let bytes = 0;
socket.setTimeout(4000, () => socket.destroy(new Error('nothing more')));
socket.on('data', (data) => { bytes += data.length; });
socket.on('error', (error) => { console.log(error.message); process.exit(0); });
socket.on('close', () => console.log(bytes));
socket.end(Buffer.alloc(${bulk}));
`;

/** Client for datagrams, which repeats them until one comes back, like a DNS client. DF is set. */
const asking = `
const [address] = process.argv.slice(1);
const udp = require('node:dgram').createSocket(address.includes(':') ? 'udp6' : 'udp4');
let left = 10;
const send = () => {
  if (left-- === 0) { console.log('nothing'); process.exit(0); }
  udp.send(Buffer.alloc(1400), ${port}, address, () => {});
};
udp.on('error', () => {});
udp.on('message', (data) => { console.log(String(data.length)); process.exit(0); });
setInterval(send, 200);
`;

/** Lowers the MTU of both ends of the uplink, adds the far host behind upstream, and starts both servers. */
export async function narrowWay({ hosts: { gw1, upstream } }: World, family: Family): Promise<void> {
  await gw1.run(['ip', 'link', 'set', 'uplink0', 'mtu', String(uplinkMtu)]);
  await upstream.run(['ip', 'link', 'set', 'gw1', 'mtu', String(uplinkMtu)]);
  await upstream.run(['sh', '-euc', wayScript(family)]);
  await startAnswering(upstream, [process.execPath, '-e', answering, addressesOf(family).internet]);
  await startAnswering(
    upstream,
    inNetwork('/run/netns/far', [process.execPath, '-e', answering, farOf(family)]),
  );
}

async function startAnswering(host: TestHost, argv: readonly string[]): Promise<void> {
  const program = await host.background.start(endingWithStdin(argv));
  if (await waitUntil(() => program.output().stdout.includes('ready'), 10_000)) return;
  throw new Error(`${argv.at(-1)} does not answer: ${program.output().stderr}`);
}

/** Number of bytes received over a connection, or the error. */
export function sendBulk(world: World, to: string): Promise<string> {
  return inside(world, [process.execPath, '-e', connecting, to]);
}

/** Size of the datagram that came back, or `nothing`. */
export function sendDatagrams(world: World, to: string): Promise<string> {
  return inside(world, [process.execPath, '-e', asking, to]);
}

/** MTU to a destination that the container has learned: `1300`. */
export async function learnedMtu(world: World, to: string): Promise<string | undefined> {
  return /mtu (\d+)/.exec(await inside(world, ['ip', 'route', 'get', to]))?.[1];
}

/** Also flushes the far end, which uses its learned MTU for the MSS that it announces. */
export async function forgetMtu(world: World, family: Family): Promise<void> {
  const argv = ['ip', `-${family}`, 'route', 'flush', 'cache'];
  await inside(world, argv);
  await world.hosts.upstream.run(argv);
  await world.hosts.upstream.run(inNetwork('/run/netns/far', argv));
}

/** Runs programs of the host in the container's network namespace. */
export async function inside({ hosts: { node1 } }: World, argv: readonly string[]): Promise<string> {
  return (await node1.exec.run(inNetwork('/run/netns/web', argv))).stdout.trim();
}
