/** Server on the internet addresses, which replies with one line: its host, and the source address that it saw. */
import { addressesOf, type Families } from './layout.ts';
import type { TestHost } from './test-host.ts';

/** Port for TCP (HTTP) and UDP. */
export const responderPort = 80;

// Program text, because it runs in a separate Node process, both from the bundle and from source.
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
 * Starts the responder, and returns when it listens.
 * @param node path of Node
 */
export async function startResponder(host: TestHost, node: string, families: Families): Promise<void> {
  const internetAddresses = families.map((family) => addressesOf(family).internet);
  const argv = [node, '-e', program, host.name, String(responderPort), ...internetAddresses];
  // `head` ends after the first line; the responder runs on, and its later output is discarded.
  const script = 'f=/run/lab/responder; mkfifo $f; "$@" >$f 2>&1 </dev/null & head -n 1 $f';
  const printed = await host.run(['sh', '-c', script, 'responder', ...argv]);
  if (printed.trim() !== 'ready') throw new Error(`responder on ${host.name}: ${printed}`);
}
