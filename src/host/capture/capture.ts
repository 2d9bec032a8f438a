/** Records what devices really carry, with tcpdump, and knows when it has missed something. */
import { setTimeout as sleep } from 'node:timers/promises';
import { MustredirectError } from '../../error.ts';
import { endingWithStdin, waitUntil } from '../process/background.ts';
import { startError } from '../process/exec.ts';
import { type Packet, decodePcap } from './packet.ts';
import type { Background, Running } from '../ports.ts';

export interface Captured {
  readonly packets: readonly Packet[];
  /** packets that the kernel had no room for: 0, or the rest proves nothing */
  readonly lost: number;
}

export interface Capture {
  /** Every IP packet so far: nothing that passed before the call is missing, or `lost` says so. */
  packets(): Promise<Captured>;
  /** The same, and ends the capture. */
  stop(): Promise<Captured>;
}

export interface CaptureOptions {
  /** a device's name, or `any` */
  readonly device: string;
  /** as tcpdump takes it: `icmp and host 203.0.113.10` */
  readonly filter: string;
  /** only what leaves by the device */
  readonly outgoing?: boolean;
}

/** Starts recording, and returns when every packet from now on is seen. */
export async function startCapture(background: Background, options: CaptureOptions): Promise<Capture> {
  const tcpdump = await startTcpdump(background, options);
  return {
    packets: () => settled(tcpdump),
    async stop() {
      try {
        return await settled(tcpdump);
      } finally {
        await tcpdump.running.stop();
      }
    },
  };
}

/** Stops all of them, also when one of them cannot tell what it has seen. */
export async function stopAll(captures: readonly Capture[]): Promise<Captured[]> {
  const stopped = await Promise.allSettled(captures.map((capture) => capture.stop()));
  return stopped.map((result) => {
    if (result.status === 'rejected') throw result.reason;
    return result.value;
  });
}

interface Tcpdump {
  readonly where: string;
  readonly running: Running;
}

/** The headers are enough of a packet; a buffer of 16 MiB outlasts a flood while the machine is busy. */
const tcpdumpArgv = ['tcpdump', '-n', '-U', '-p', '--immediate-mode', '-s', '128', '-B', '16384', '-w', '-'];

async function startTcpdump(
  background: Background,
  { device, filter, outgoing = false }: CaptureOptions,
): Promise<Tcpdump> {
  // On all devices at once, only this link type tells them, and the direction.
  const all = device === 'any' ? ['-y', 'LINUX_SLL2'] : [];
  const argv = [...tcpdumpArgv, ...all, ...(outgoing ? ['-Q', 'out'] : []), '-i', device, filter];
  const running = await background.start(endingWithStdin(argv));
  const listens = (): boolean => running.said().stderr.includes('listening on');
  if ((await waitUntil(() => listens() || running.ended(), startTimeout)) && listens()) {
    return { where: `capture on ${device}`, running };
  }
  throw startError(argv, await running.stop());
}

const startTimeout = 5000;
const settlePause = 10;
const settleTimeout = 5000;
/** Equal counts in a row, where what the kernel counts (lo twice) never equals what tcpdump took. */
const settleRounds = 5;

/** Waits until tcpdump has taken, and we have read, all that the kernel had for it. */
async function settled(tcpdump: Tcpdump): Promise<Captured> {
  let last = '';
  let equal = 0;
  for (let waited = 0; waited < settleTimeout; waited += settlePause) {
    const counts = await readCounts(tcpdump);
    const { records, packets } = decodePcap(tcpdump.running.stdoutBytes());
    equal = counts.text === last ? equal + 1 : 0;
    last = counts.text;
    const complete = counts.captured === counts.received ? equal >= 1 : equal >= settleRounds;
    // Where some are lost, the others may never be as many as the counts say.
    if (counts.lost > 0 || (complete && records === counts.captured)) return { packets, lost: counts.lost };
    await sleep(settlePause);
  }
  throw new MustredirectError('failed', `${tcpdump.where}: packets were missed: ${last}`);
}

const countsPattern = /(\d+) packets? captured, (\d+) packets? received by filter, (\d+) packets? dropped/g;

async function readCounts({ where, running }: Tcpdump) {
  const answers = () => [...running.said().stderr.matchAll(countsPattern)];
  const before = answers().length;
  running.tell('USR1\n');
  await waitUntil(() => answers().length > before || running.ended(), settleTimeout);
  const answer = answers()[before];
  if (!answer) throw new MustredirectError('failed', `${where}: tcpdump does not answer`);
  const [captured = 0, received = 0, lost = 0] = answer.slice(1).map(Number);
  return { text: answer[0], captured, received, lost };
}
