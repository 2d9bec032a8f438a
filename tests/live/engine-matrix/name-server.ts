/** DNS server on the internet addresses, to test queries to a server beyond the gateway. */
import { addressesOf } from '../../../src/lab/layout.ts';
import type { TestHost } from '../../../src/lab/test-host.ts';

/** Address in the replies, which identifies the server. */
export const answerOf = { isp: '198.51.100.1', upstream: '198.51.100.2' } as const;

/** A reply repeats the query and adds one record: pointer to the name, type A, class IN, TTL 60 s, 4 bytes. */
const program = `
const [answer, ...addresses] = process.argv.slice(1);
const record = Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, ...answer.split('.').map(Number)]);
const reply = (socket) => (question, from) => {
  let end = 12;
  while (question[end] > 0) end += question[end] + 1;
  end += 5;
  const isA = question.readUInt16BE(end - 4) === 1;
  const head = Buffer.from(question.subarray(0, end));
  head.writeUInt16BE(0x8180, 2);
  head.writeUInt16BE(isA ? 1 : 0, 6);
  head.writeUInt16BE(0, 10);
  socket.send(isA ? Buffer.concat([head, record]) : head, from.port, from.address);
};
const listen = (address) => new Promise((resolve) => {
  const socket = require('node:dgram').createSocket(address.includes(':') ? 'udp6' : 'udp4');
  socket.on('message', reply(socket));
  socket.bind(53, address, resolve);
});
Promise.all(addresses.map(listen)).then(() => console.log('ready'));
`;

/** Starts the server, and returns when it listens. It ends with the host. */
export async function startNameServer(host: TestHost): Promise<void> {
  const answer = host.name === 'upstream' ? answerOf.upstream : answerOf.isp;
  const held = ([4, 6] as const).map((family) => addressesOf(family).internet);
  const argv = [process.execPath, '-e', program, answer, ...held];
  const script = 'f=/run/lab/name-server; mkfifo $f; "$@" >$f 2>&1 </dev/null & head -n 1 $f';
  const said = await host.run(['sh', '-c', script, 'name-server', ...argv]);
  if (said.trim() !== 'ready') throw new Error(`name server on ${host.name}: ${said}`);
}
