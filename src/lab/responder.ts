/** Answers at the internet addresses, so that one line tells which way a packet took and as whom. */
import { addressesOf, type Families } from './layout.ts';
import type { TestHost } from './test-host.ts';

/** TCP (as HTTP) and UDP, both on this port. */
export const responderPort = 80;

// Text, because it runs in a Node of its own, started from the bundle and from the source alike.
const program = `
const [name, port, ...addresses] = process.argv.slice(1);
const said = (from) => name + ' saw ' + from.replace('::ffff:', '') + '\\n';
const http = require('node:http').createServer((request, response) => {
  response.end(said(request.socket.remoteAddress));
});
const answer = (address) => new Promise((resolve) => {
  const udp = require('node:dgram').createSocket(address.includes(':') ? 'udp6' : 'udp4');
  udp.on('message', (_, from) => udp.send(said(from.address), from.port, from.address));
  udp.bind(port, address, resolve);
});
http.listen(port, () => Promise.all(addresses.map(answer)).then(() => console.log('ready')));
`;

/**
 * Starts it, and returns when it listens.
 * @param node path of the Node to run it with
 */
export async function startResponder(host: TestHost, node: string, families: Families): Promise<void> {
  const held = families.map((family) => addressesOf(family).internet);
  const argv = [node, '-e', program, host.name, String(responderPort), ...held];
  // The reader of its first line ends, and what runs on has nobody left to tell.
  const script = 'f=/run/lab/responder; mkfifo $f; "$@" >$f 2>&1 </dev/null & head -n 1 $f';
  const said = await host.run(['sh', '-c', script, 'responder', ...argv]);
  if (said.trim() !== 'ready') throw new Error(`responder on ${host.name}: ${said}`);
}
