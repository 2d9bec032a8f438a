/** Captures of tcpdump: one on all links at once, and one more where the next hop's address must be seen. */
import { MustredirectError } from '../../error.ts';
import { type Background, type Running, endingWithStdin, waitUntil } from '../../host/background.ts';
import { commandError } from '../../host/exec.ts';
import { type Packet, decodeAnyLine, decodeLinkLine } from './packet.ts';

export interface Capture {
  /** what all links together have seen so far */
  packets(): Packet[];
  /** Ends it. The number of packets that the kernel had no room for: 0, or the rest proves nothing. */
  stop(): Promise<{ readonly packets: Packet[]; readonly lost: number }>;
}

/**
 * Starts capturing and returns when everything listens. A capture of all links tells the links, but not
 * whom a frame was for: the links in `wanted` get one of their own.
 *
 * @param wanted links with neighbours
 */
export async function startCapture(
  background: Background,
  filter: string,
  wanted: readonly string[],
): Promise<Capture> {
  const started = await Promise.allSettled([
    startTcpdump(background, ['-i', 'any', '-y', 'LINUX_SLL2', filter]),
    ...wanted.map((link) => startTcpdump(background, ['-e', '-Q', 'out', '-i', link, filter])),
  ]);
  const running = started.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  const failed = started.find((result) => result.status === 'rejected');
  if (failed) {
    await Promise.all(running.map((one) => one.stop()));
    throw failed.reason;
  }
  return captureOf(running, wanted);
}

function captureOf(running: readonly Running[], wanted: readonly string[]): Capture {
  const packets = (): Packet[] =>
    decodeAll(
      running.map((one) => one.said().stdout),
      wanted,
    );
  return {
    packets,
    async stop() {
      const outputs = await Promise.all(running.map((one) => one.stop()));
      const lost = outputs.reduce((sum, { stderr }) => sum + lostPackets(stderr), 0);
      return { packets: packets(), lost };
    },
  };
}

/** What left by a wanted link is in two captures: the one that tells more is taken. */
function decodeAll([all = '', ...single]: readonly string[], wanted: readonly string[]): Packet[] {
  const anywhere = linesOf(all)
    .map(decodeAnyLine)
    .filter((packet) => packet && !(packet.direction === 'out' && wanted.includes(packet.link)));
  const onLinks = wanted.flatMap((link, i) =>
    linesOf(single[i] ?? '').map((line) => decodeLinkLine(line, link)),
  );
  return [...anywhere, ...onLinks].filter((packet) => packet !== undefined);
}

/** Whole lines only: the last one may still be on its way. */
function linesOf(text: string): string[] {
  return text.split('\n').slice(0, -1);
}

/** `3 packets dropped by kernel`, `by interface` */
export function lostPackets(stderr: string): number {
  const counts = [...stderr.matchAll(/^(\d+) packets? dropped by/gm)].map((match) => Number(match[1]));
  return counts.reduce((sum, count) => sum + count, 0);
}

async function startTcpdump(background: Background, args: readonly string[]): Promise<Running> {
  const argv = ['tcpdump', '-n', '-q', '-t', '-l', '-p', '--immediate-mode', '-s', '128', ...args];
  const running = await background.start(endingWithStdin(argv));
  const listens = (): boolean => running.said().stderr.includes('listening on');
  if ((await waitUntil(() => listens() || running.ended(), 5000)) && listens()) return running;
  const { exitCode, stderr } = await running.stop();
  throw tcpdumpError(argv, exitCode, stderr);
}

function tcpdumpError(argv: readonly string[], exitCode: number, stderr: string): MustredirectError {
  if (exitCode === 127) {
    return new MustredirectError('missing-tool', 'tcpdump: no such program', {
      hint: 'install it (apt-get install tcpdump), or check PATH',
    });
  }
  const tooOld = /(invalid|not one of).*LINUX_SLL2|LINUX_SLL2.*not one of/.test(stderr);
  if (!tooOld) return commandError(argv, { exitCode, stdout: '', stderr });
  return new MustredirectError('missing-tool', 'tcpdump: too old to tell the link of a packet', {
    hint: 'install tcpdump 4.99 or later with libpcap 1.10 or later',
  });
}
