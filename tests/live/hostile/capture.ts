/** Which crafted packets a device carries: captured whole, since their numbers are behind all headers. */
import { endingWithStdin, waitUntil } from '../../../src/host/process/background.ts';
import { startError } from '../../../src/host/process/exec.ts';
import type { TestHost } from '../../../src/lab/test-host.ts';
import { idsIn } from './marker.ts';

export interface CapturePoint {
  readonly host: TestHost;
  readonly device: string;
  readonly direction: 'in' | 'out';
  /** Of what comes in, only what is addressed to this station, or to a group: a switch floods more than that. */
  readonly station?: string;
}

export interface IdCapture {
  /** Ends it. What was on the wire less than a moment ago may be missing. */
  stop(): Promise<ReadonlySet<number>>;
}

const tcpdump = ['tcpdump', '-n', '-U', '-p', '--immediate-mode', '-s', '1600', '-B', '16384', '-w', '-'];
const startTimeout = 5000;

export async function captureIds({ host, device, direction, station }: CapturePoint): Promise<IdCapture> {
  const filter = station === undefined ? [] : [`ether dst ${station} or ether multicast`];
  const argv = [...tcpdump, '-Q', direction, '-i', device, ...filter];
  const running = await host.background.start(endingWithStdin(argv));
  const listens = (): boolean => running.said().stderr.includes('listening on');
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

/** The frames of a pcap file in the byte order of this machine's tcpdump. */
function framesIn(file: Buffer): readonly Buffer[] {
  const frames: Buffer[] = [];
  for (let at = fileHeader; at + recordHeader <= file.length;) {
    const end = at + recordHeader + file.readUInt32LE(at + 8);
    frames.push(file.subarray(at + recordHeader, end));
    at = end;
  }
  return frames;
}
