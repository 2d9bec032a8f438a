/** Asks a name server from inside a network namespace. */
import type { Address } from '../../address/cidr.ts';
import { commandError } from '../../host/process/exec.ts';
import type { Exec } from '../../host/ports.ts';
import type { Question } from './question.ts';

/** milliseconds: a name server that asks others needs some */
const patience = 2000;

/** The whole of it, for Node; it prints whether an answer came. */
function programText(server: Address, { message }: Question): string {
  return `const { createSocket } = require('node:dgram');
const { writeSync } = require('node:fs');
const socket = createSocket(${JSON.stringify(server.includes(':') ? 'udp6' : 'udp4')});
const end = (answered) => { writeSync(1, String(answered)); process.exit(0); };
setTimeout(() => end(false), ${patience});
socket.on('error', () => end(false));
socket.on('message', () => end(true));
socket.send(Buffer.from('${message.toString('hex')}', 'hex'), 53, ${JSON.stringify(server)}, (error) => { if (error) end(false); });
`;
}

/**
 * @param exec runs programs inside
 * @returns whether an answer came, of whatever kind
 */
export async function ask(exec: Exec, node: string, server: Address, question: Question): Promise<boolean> {
  const argv = [node, '--input-type=commonjs', '-'];
  const output = await exec.run(argv, { input: programText(server, question), timeout: patience + 5000 });
  if (output.exitCode !== 0) throw commandError(argv, output);
  return output.stdout === 'true';
}
