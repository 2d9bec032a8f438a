/** Captures crafted packets on a device: whole frames, since their numbers are behind all headers. */
import { endingWithStdin, waitUntil } from '../../../src/host/process/background.ts';
import { startError } from '../../../src/host/process/exec.ts';
import type { TestHost } from '../../../src/lab/test-host.ts';
import { idsIn } from './marker.ts';

export interface CapturePoint {
  readonly host: TestHost;
  readonly device: string;
  readonly direction: 'in' | 'out';
  /** For incoming frames: only those addressed to this station or to a group, since a switch floods others, too. */
  readonly station?: string;
}

export interface IdCapture {
  /** Ends the capture. Packets of the last moment may be missing. */
  stop(): Promise<ReadonlySet<number>>;
}

const tcpdump = ['tcpdump', '-n', '-U', '-p', '--immediate-mode', '-s', '1600', '-B', '16384', '-w', '-'];
const startTimeout = 5000;

export async function captureIds({ host, device, direction, station }: CapturePoint): Promise<IdCapture> {
  const filter = station === undefined ? [] : [`ether dst ${station} or ether multicast`];
  const argv = [...tcpdump, '-Q', direction, '-i', device, ...filter];
  const running = await host.background.start(endingWithStdin(argv));
  const listens = (): boolean => running.output().stderr.includes('listening on');
  await waitUntil(() => listens() || running.ended(), startTimeout);
  if (!listens()) throw startError(argv, await running.stop());
  return {
    async stop() {
      const { stderr } = await running.stop();
      if (!/^0 packets dropped by kernel/m.test(stderr)) {
        throw new Error(`capture on ${host.name} ${device}: packets were missed: ${stderr}`);
      }
      return new Set(framesIn(running.stdoutBytes()).flatMap((frame) => [...idsIn(frame)]));
    },
  };
}

const fileHeader = 24;
const recordHeader = 16;

/** Frames of a pcap file in this machine's byte order. */
function framesIn(file: Buffer): readonly Buffer[] {
  const frames: Buffer[] = [];
  for (let at = fileHeader; at + recordHeader <= file.length;) {
    const end = at + recordHeader + file.readUInt32LE(at + 8);
    frames.push(file.subarray(at + recordHeader, end));
    at = end;
  }
  return frames;
}
