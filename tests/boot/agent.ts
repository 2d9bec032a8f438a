/** Runs programs in the virtual machine, by the agent of QEMU in it (protocol: docs/interop/qemu-ga-ref of QEMU). */
import { type Socket, connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import * as z from 'zod';
import type { Output } from '../../src/host/ports.ts';

export interface Agent {
  run(argv: readonly string[], input?: string): Promise<Output>;
  /** Starts a program, and returns at once. */
  start(argv: readonly string[]): Promise<void>;
}

/** milliseconds */
const pollInterval = 100;
const askAgainAfter = 1000;

const startedSchema = z.object({ pid: z.number() });
const statusSchema = z.object({
  exited: z.boolean(),
  exitcode: z.number().optional(),
  signal: z.number().optional(),
  'out-data': z.string().optional(),
  'err-data': z.string().optional(),
});
const answerSchema = z.object({ return: z.unknown(), error: z.object({ desc: z.string() }).optional() });

/** @param alive whether the machine still runs; without it, waiting ends with an error */
export async function connectAgent(path: string, alive: () => boolean): Promise<Agent> {
  const ask = await synchronised(connect(path), alive);
  const start = async (argv: readonly string[], more: object = {}): Promise<number> => {
    const [command, ...arg] = argv;
    const env = ['LC_ALL=C', 'HOME=/root', 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin'];
    return startedSchema.parse(await ask('guest-exec', { path: command, arg, env, ...more })).pid;
  };
  return {
    async start(argv) {
      await start(argv);
    },
    async run(argv, input) {
      const data = input === undefined ? {} : { 'input-data': Buffer.from(input).toString('base64') };
      const pid = await start(argv, { 'capture-output': true, ...data });
      for (;;) {
        const status = statusSchema.parse(await ask('guest-exec-status', { pid }));
        if (status.exited) return outputOf(status);
        await sleep(pollInterval);
      }
    },
  };
}

function outputOf(status: z.infer<typeof statusSchema>): Output {
  const text = (data = ''): string => Buffer.from(data, 'base64').toString();
  return {
    exitCode: status.exitcode ?? 128 + (status.signal ?? 0),
    stdout: text(status['out-data']),
    stderr: text(status['err-data']),
  };
}

type Ask = (execute: string, args: object) => Promise<unknown>;

/** Waits until the agent runs: what was asked before that may get lost, or be answered later. */
async function synchronised(socket: Socket, alive: () => boolean): Promise<Ask> {
  const lines: string[] = [];
  let rest = '';
  socket.setEncoding('utf8');
  socket.on('data', (text: string) => {
    const parts = (rest + text).split('\n');
    rest = parts.pop() ?? '';
    lines.push(...parts);
  });
  // The machine ends, and with it the socket.
  socket.on('error', () => {});
  const send = (execute: string, args: object): void => {
    socket.write(`${JSON.stringify({ execute, arguments: args })}\n`);
  };
  const nextLine = async (limit = Infinity): Promise<string | undefined> => {
    const deadline = performance.now() + limit;
    while (lines.length === 0) {
      if (!alive()) throw new Error('the virtual machine has ended');
      if (performance.now() > deadline) return undefined;
      await sleep(20);
    }
    return lines.shift();
  };
  await synchronise(send, nextLine);
  return async (execute, args) => {
    send(execute, args);
    const answer = answerSchema.parse(JSON.parse((await nextLine()) ?? ''));
    if (answer.error) throw new Error(`${execute}: ${answer.error.desc}`);
    return answer.return;
  };
}

async function synchronise(
  send: (execute: string, args: object) => void,
  nextLine: (limit: number) => Promise<string | undefined>,
): Promise<void> {
  let id = 0;
  for (let answer: string | undefined; answer !== `{"return": ${id}}`;) {
    id += 1;
    send('guest-sync', { id });
    answer = await nextLine(askAgainAfter);
    // Answers to earlier questions.
    while (answer !== undefined && answer !== `{"return": ${id}}`) answer = await nextLine(askAgainAfter);
  }
}
