/** Asks a neighbour that has said nothing whether it is there. */
import type { Address } from '../../address/cidr.ts';
import { readNeighbours } from '../../host/ip/neighbours.ts';
import { ifInstalled } from '../../host/process/missing-program.ts';
import type { Exec } from '../../host/ports.ts';
import type { LiveHost } from '../../verify/live-host.ts';
import type { Reached } from './view.ts';

export interface Question {
  readonly address: Address;
  /** of this host */
  readonly local?: Address;
  /** TCP port that a connection without a password is tried to */
  readonly port?: number;
}

export async function reach(
  live: LiveHost,
  questions: readonly Question[],
): Promise<ReadonlyMap<Address, Reached>> {
  const answers = await Promise.all(
    questions.map(async (question) => {
      const [ping, connection] = await Promise.all([
        answersPing(live.exec, question),
        question.port === undefined ? undefined : connect(live, question, question.port),
      ]);
      return { ...question, ping, connection };
    }),
  );
  const unresolved = new Set(
    (await readNeighbours(live.exec))
      .filter(({ state }) => state.some((one) => one === 'FAILED' || one === 'INCOMPLETE'))
      .map(({ dst }) => dst),
  );
  return new Map(
    answers.map(({ address, ping, connection }) => [
      address,
      { ping, resolved: !unresolved.has(address), ...(connection === undefined ? {} : { connection }) },
    ]),
  );
}

async function answersPing(exec: Exec, { address, local }: Question): Promise<boolean> {
  const from = local === undefined ? [] : ['-I', local];
  const output = await ifInstalled(
    exec.run(['ping', '-n', '-c', '2', '-i', '0.2', '-W', '1', ...from, address]),
  );
  return output?.exitCode === 0;
}

const program = `const [host, port, localAddress] = process.argv.slice(1);
const tell = (answer) => { process.stdout.write(answer); process.exit(); };
const socket = require('node:net').connect({ host, port: Number(port), ...(localAddress ? { localAddress } : {}) });
socket.on('connect', () => tell('accepted'));
socket.on('error', (error) => tell(error.code === 'ECONNREFUSED' ? 'refused' : 'silent'));
setTimeout(() => tell('silent'), 1500);`;

async function connect(
  { exec, node }: LiveHost,
  { address, local = '' }: Question,
  port: number,
): Promise<Reached['connection']> {
  const { stdout } = await exec.run([node, '-e', program, address, String(port), local]);
  return stdout === 'accepted' || stdout === 'refused' ? stdout : 'silent';
}
