/** Records what a test host's device really carries. A capture that may have missed a packet is an error. */
import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { MustredirectError } from '../error.ts';
import { decodePcap, type Packet } from './packet.ts';
import { entering, type TestHost } from './test-host.ts';

export interface Capture {
  /** Every IPv4 packet so far: nothing that was on the wire before the call is missing. */
  packets(): Promise<readonly Packet[]>;
  /** The same, and ends the capture. */
  stop(): Promise<readonly Packet[]>;
}

/**
 * Starts recording, and returns when every packet from now on is seen.
 * @param device a device's name, or `any`
 * @param filter as tcpdump takes it: `icmp and host 203.0.113.10`
 */
export async function startCapture(host: TestHost, device: string, filter: string): Promise<Capture> {
  const tcpdump = await startTcpdump(host, device, filter);
  return {
    packets: () => settled(tcpdump),
    async stop() {
      const packets = await settled(tcpdump);
      await tcpdump.signal('INT');
      await tcpdump.ended;
      return packets;
    },
  };
}

interface Tcpdump {
  readonly where: string;
  readonly ended: Promise<void>;
  signal(name: string): Promise<void>;
  stdout(): Buffer;
  stderr(): string;
}

/** The shell tells its number, as the host has it, and becomes tcpdump. */
const script = 'echo $$ >&2; exec "$@"';
const tcpdumpArgv = ['tcpdump', '-n', '-U', '--immediate-mode', '-B', '16384', '-Z', 'root', '-w', '-'];

async function startTcpdump(host: TestHost, device: string, filter: string): Promise<Tcpdump> {
  const argv = ['sh', '-c', script, 'sh', ...tcpdumpArgv, '-i', device, filter];
  const [file = '', ...args] = entering(host.pid, argv);
  const child = spawn(file, args, { detached: true });
  const where = `capture on ${host.name} ${device}`;
  const chunks: Buffer[] = [];
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  await listening(child, where, () => stderr);
  return {
    where,
    ended,
    async signal(name) {
      await host.run(['kill', `-${name}`, String(Number.parseInt(stderr, 10))]);
    },
    stdout: () => Buffer.concat(chunks),
    stderr: () => stderr,
  };
}

async function listening(
  child: ChildProcessWithoutNullStreams,
  where: string,
  stderr: () => string,
): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    child.stderr.on('data', () => stderr().includes('listening on') && resolve());
    child.once('error', reject);
    child.once('close', () => reject(new MustredirectError('failed', `${where}: ${stderr().trim()}`)));
  });
}

const settlePause = 10;
const settleTimeout = 5000;
/** Equal counts in a row, where what the kernel counts (lo twice) never equals what tcpdump took. */
const settleRounds = 5;

/** Waits until tcpdump has taken, and we have read, all that the kernel had for it. */
async function settled(tcpdump: Tcpdump): Promise<readonly Packet[]> {
  let last = '';
  let equal = 0;
  for (let waited = 0; waited < settleTimeout; waited += settlePause) {
    const counts = await readCounts(tcpdump);
    const { records, packets } = decodePcap(tcpdump.stdout());
    equal = counts.text === last ? equal + 1 : 0;
    last = counts.text;
    if (counts.dropped > 0) break;
    const complete = counts.captured === counts.received ? equal >= 1 : equal >= settleRounds;
    if (complete && records === counts.captured) return packets;
    await sleep(settlePause);
  }
  throw new MustredirectError('failed', `${tcpdump.where}: packets were missed: ${last}`);
}

const countsPattern = /(\d+) packets? captured, (\d+) packets? received by filter, (\d+) packets? dropped/g;

async function readCounts(tcpdump: Tcpdump) {
  const before = [...tcpdump.stderr().matchAll(countsPattern)].length;
  await tcpdump.signal('USR1');
  for (let waited = 0; waited < settleTimeout; waited++) {
    const match = [...tcpdump.stderr().matchAll(countsPattern)][before];
    if (match) {
      const [captured = 0, received = 0, dropped = 0] = match.slice(1).map(Number);
      return { text: match[0], captured, received, dropped };
    }
    await sleep(1);
  }
  throw new MustredirectError('failed', `${tcpdump.where}: tcpdump does not answer`);
}
