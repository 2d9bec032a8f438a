/**
 * Many connections of one container, TCP and UDP, each to an address of its own. The server says which address it sees:
 * with masquerade, that of the member that a connection leaves by.
 */
import { type Family, families } from '../../../src/address/cidr.ts';
import { endingWithStdin } from '../../../src/host/process/background.ts';
import type { Running } from '../../../src/host/ports.ts';
import type { TestHost } from '../../../src/lab/test-host.ts';

const port = 7777;

/** @param group connections of one start: each group has addresses of its own */
function serverAddress(family: Family, group: number, index: number): string {
  return family === 4
    ? `203.0.113.${64 * group + index}`
    : `2001:db8:113::${group + 1}:${index.toString(16)}`;
}

const server = `
const answer = (socket) => socket.on('error', () => {});
require('node:net').createServer((socket) => {
  answer(socket);
  const { remoteAddress } = socket;
  socket.on('data', () => socket.write(remoteAddress.replace('::ffff:', '') + '\\n'));
}).listen({ port: ${port}, host: '::' }, () => console.log('ready'));
for (const address of process.argv.slice(1)) {
  const udp = require('node:dgram').createSocket(address.includes(':') ? 'udp6' : 'udp4');
  udp.on('message', (_, from) => udp.send(from.address, from.port, from.address));
  udp.bind(${port}, address);
}`;

/** Sends on each connection five times a second; a TCP connection that has ended begins anew. Prints the state four times a second. */
const client = `
const { connect } = require('node:net');
const { createSocket } = require('node:dgram');
const all = {};
const heard = (one, seen) => {
  one.answers += 1;
  one.last = Date.now();
  if (one.seen !== seen && one.seen !== undefined) one.changes += 1;
  one.seen = seen;
};
for (const address of process.argv.slice(1)) {
  const tcp = (all['tcp ' + address] = { answers: 0, changes: 0, ended: 0 });
  const begin = () => {
    const socket = connect({ host: address, port: ${port} });
    socket.setNoDelay(true);
    const timer = setInterval(() => socket.write('?'), 200);
    socket.on('data', (data) => heard(tcp, String(data).trim().split('\\n').at(-1)));
    socket.on('error', () => {});
    socket.on('close', () => { clearInterval(timer); tcp.ended += 1; setTimeout(begin, 100); });
  };
  begin();
  const udp = (all['udp ' + address] = { answers: 0, changes: 0, ended: 0 });
  const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
  socket.on('message', (data) => heard(udp, String(data)));
  socket.on('error', () => {});
  socket.bind(() => setInterval(() => socket.send('?', ${port}, address, () => {}), 200));
}
setInterval(() => console.log(JSON.stringify({ at: Date.now(), all })), 250);
`;

export interface Connection {
  readonly answers: number;
  /** when the last answer came, in milliseconds */
  readonly last?: number;
  /** address that the server sees */
  readonly seen?: string;
  /** how often that address was another one than before */
  readonly changes: number;
  /** how often a TCP connection ended */
  readonly ended: number;
}

/** Key: `tcp 203.0.113.1`. */
export type Connections = Readonly<Record<string, Connection>>;

export function addressesOfGroup(group: number, count: number): string[] {
  return families.flatMap((family) =>
    Array.from({ length: count }, (_, i) => serverAddress(family, group, i + 20)),
  );
}

/** @param node path of Node */
export async function startServer(
  upstream: TestHost,
  node: string,
  all: readonly string[],
): Promise<Running> {
  const lines = all.map((address) => `address add ${address}/${address.includes(':') ? 128 : 32} dev lo`);
  await upstream.run(['ip', '-batch', '-'], { input: `${lines.join('\n')}\n` });
  return upstream.background.start(endingWithStdin([node, '-e', server, ...all]));
}

export interface Client {
  now(): Connections;
  stop(): Promise<void>;
}

export async function startConnections(
  node1: TestHost,
  node: string,
  addresses: readonly string[],
): Promise<Client> {
  const argv = ['ip', 'netns', 'exec', 'web', node, '-e', client, ...addresses];
  const running = await node1.background.start(endingWithStdin(argv));
  return {
    now() {
      const lines = running.output().stdout.split('\n');
      // The last one may not be whole yet.
      const line = lines.at(-2);
      return line === undefined ? {} : (JSON.parse(line) as { all: Connections }).all;
    },
    stop: async () => void (await running.stop()),
  };
}
