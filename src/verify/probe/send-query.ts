/** Sends a DNS query from inside a network namespace. */
import type { Address } from '../../address/cidr.ts';
import { commandError } from '../../host/process/exec.ts';
import type { Exec } from '../../host/ports.ts';
import type { DnsQuery } from './dns-query.ts';

/** milliseconds to wait: a name server may have to query others */
const replyTimeout = 2000;

/** Program text for Node; it prints whether a reply came. */
function programText(server: Address, { message }: DnsQuery): string {
  return `const { createSocket } = require('node:dgram');
const { writeSync } = require('node:fs');
const socket = createSocket(${JSON.stringify(server.includes(':') ? 'udp6' : 'udp4')});
const end = (replied) => { writeSync(1, String(replied)); process.exit(0); };
setTimeout(() => end(false), ${replyTimeout});
socket.on('error', () => end(false));
socket.on('message', () => end(true));
socket.send(Buffer.from('${message.toString('hex')}', 'hex'), 53, ${JSON.stringify(server)}, (error) => { if (error) end(false); });
`;
}

/**
 * @param exec runs programs inside the namespace
 * @returns whether any reply came
 */
export async function sendQuery(
  exec: Exec,
  node: string,
  server: Address,
  query: DnsQuery,
): Promise<boolean> {
  const argv = [node, '--input-type=commonjs', '-'];
  const output = await exec.run(argv, { input: programText(server, query), timeout: replyTimeout + 5000 });
  if (output.exitCode !== 0) throw commandError(argv, output);
  return output.stdout === 'true';
}
