/** Captures packets on devices with tcpdump, and reports packets that the capture lost. */
import { setTimeout as sleep } from 'node:timers/promises';
import { MustredirectError } from '../../error.ts';
import { endingWithStdin, waitUntil } from '../process/background.ts';
import { startError } from '../process/exec.ts';
import { type Decode, type Packet, decodePacket, decodePcap } from './packet.ts';
import type { Background, Running } from '../ports.ts';

export interface Captured<T = Packet> {
  readonly packets: readonly T[];
  /** packets that the kernel dropped for lack of buffer space; unless 0, the capture proves nothing */
  readonly lost: number;
}

export interface Capture<T = Packet> {
  /** Returns every packet so far: packets that passed before the call are complete, or `lost` is not 0. */
  packets(): Promise<Captured<T>>;
  /** Returns every packet so far, and ends the capture. */
  stop(): Promise<Captured<T>>;
}

export interface CaptureOptions {
  /** device name, or `any` */
  readonly device: string;
  /** filter in tcpdump syntax: `icmp and host 203.0.113.10` */
  readonly filter: string;
  /** captures only packets that leave by the device */
  readonly outgoing?: boolean;
  /** bytes of each frame that are kept; default: 128, which hold all headers */
  readonly bytes?: number;
}

/** Starts a capture of IP packets, and returns once it sees every one. */
export function startCapture(background: Background, options: CaptureOptions): Promise<Capture> {
  return startCaptureOf(background, options, decodePacket);
}

/** @param decode what is read of each frame */
export async function startCaptureOf<T>(
  background: Background,
  options: CaptureOptions,
  decode: Decode<T>,
): Promise<Capture<T>> {
  const tcpdump = await startTcpdump(background, options);
  return {
    packets: () => settled(tcpdump, decode),
    async stop() {
      try {
        return await settled(tcpdump, decode);
      } finally {
        await tcpdump.running.stop();
      }
    },
  };
}

/** Stops all captures, also when one of them fails. */
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

/** A buffer of 16 MiB holds a flood of packets while the machine is busy. */
const tcpdumpArgv = ['tcpdump', '-n', '-U', '-p', '--immediate-mode', '-B', '16384', '-w', '-'];

async function startTcpdump(
  background: Background,
  { device, filter, outgoing = false, bytes = 128 }: CaptureOptions,
): Promise<Tcpdump> {
  // In a capture on all devices, only this link type has the device and the direction.
  const all = device === 'any' ? ['-y', 'LINUX_SLL2'] : [];
  const direction = outgoing ? ['-Q', 'out'] : [];
  const argv = [...tcpdumpArgv, '-s', String(bytes), ...all, ...direction, '-i', device, filter];
  const running = await background.start(endingWithStdin(argv));
  const listens = (): boolean => running.output().stderr.includes('listening on');
  if ((await waitUntil(() => listens() || running.ended(), patience)) && listens()) {
    return { where: `capture on ${device}`, running };
  }
  throw startError(argv, await running.stop());
}

/** Milliseconds in which tcpdump starts, or answers a signal: on a machine that is busy with emulation it takes seconds. */
const patience = 30_000;
const settlePause = 10;
/** of a busy machine, too */
const settleTimeout = 15_000;
/**
 * Equal counts in a row that end the wait when the kernel counts more than tcpdump takes (packets on lo count twice).
 */
const settleRounds = 5;

/**
 * Waits until tcpdump has taken, and we have read, all packets in the kernel buffer. While packets go on coming, it is
 * enough to have as many as the kernel had at first.
 */
async function settled<T>(tcpdump: Tcpdump, decode: Decode<T>): Promise<Captured<T>> {
  const deadline = performance.now() + settleTimeout;
  let last: Counts | undefined;
  let first: Counts | undefined;
  let equal = 0;
  do {
    const counts = await readCounts(tcpdump);
    first ??= counts;
    const { records, packets } = decodePcap(tcpdump.running.stdoutBytes(), decode);
    equal = counts.text === last?.text ? equal + 1 : 0;
    last = counts;
    const complete = counts.captured === counts.received ? equal >= 1 : equal >= settleRounds;
    // After a loss, the number of records may never reach the counts.
    if (counts.lost > 0 || records >= first.received || (complete && records === counts.captured))
      return { packets, lost: counts.lost };
    await sleep(settlePause);
  } while (performance.now() < deadline);
  throw new MustredirectError('failed', `${tcpdump.where}: packets were missed: ${last.text}`);
}

interface Counts {
  readonly text: string;
  readonly captured: number;
  readonly received: number;
  readonly lost: number;
}

const countsPattern = /(\d+) packets? captured, (\d+) packets? received by filter, (\d+) packets? dropped/g;

async function readCounts({ where, running }: Tcpdump): Promise<Counts> {
  const reports = () => [...running.output().stderr.matchAll(countsPattern)];
  const before = reports().length;
  running.write('USR1\n');
  await waitUntil(() => reports().length > before || running.ended(), patience);
  const report = reports()[before];
  if (!report) throw new MustredirectError('failed', `${where}: tcpdump does not answer`);
  const [captured = 0, received = 0, lost = 0] = report.slice(1).map(Number);
  return { text: report[0], captured, received, lost };
}
