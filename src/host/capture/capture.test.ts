import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { startCapture } from './capture.ts';
import type { Background } from '../ports.ts';

const recorded = readFileSync(new URL('fixtures/capture-eth0-out.pcap', import.meta.url));
const listening = 'tcpdump: listening on eth0, link-type EN10MB (Ethernet), snapshot length 128 bytes\n';
const options = { device: 'eth0', filter: 'ip' };

/** tcpdump that answers each USR1 with the next of these counts, and from then on with the last. */
function tcpdump(counts: readonly string[], bytes = recorded): Background {
  let asked = 0;
  let stderr = listening;
  return {
    start: async () => ({
      output: () => ({ stdout: '', stderr }),
      stdoutBytes: () => bytes,
      write() {
        stderr += `tcpdump: ${counts[Math.min(asked++, counts.length - 1)]}\n`;
      },
      ended: () => false,
      stop: async () => ({ exitCode: 0, stdout: '', stderr }),
    }),
  };
}

describe('a capture', () => {
  it('waits for packets that are still in the kernel buffer', async () => {
    const early = '1 packet captured, 4 packets received by filter, 0 packets dropped by kernel';
    const late = '4 packets captured, 4 packets received by filter, 0 packets dropped by kernel';
    const capture = await startCapture(tcpdump([early, early, late]), options);
    const { packets, lost } = await capture.stop();
    expect(packets.map(({ protocol }) => protocol)).toEqual(['icmp', 'tcp', 'udp']);
    expect(lost).toBe(0);
  });

  it('ends although the kernel also counts packets that tcpdump skips, such as incoming ones', async () => {
    const counts = '4 packets captured, 8 packets received by filter, 0 packets dropped by kernel';
    const capture = await startCapture(tcpdump([counts]), options);
    expect((await capture.packets()).packets).toHaveLength(3);
  });

  it('reports lost packets', async () => {
    const counts = '4 packets captured, 9 packets received by filter, 5 packets dropped by kernel';
    const capture = await startCapture(tcpdump([counts]), options);
    expect(await capture.stop()).toMatchObject({ lost: 5 });
  });

  it.each([
    [127, 'sh: 1: exec: tcpdump: not found', { code: 'missing-tool', message: 'tcpdump: no such program' }],
    [1, 'tcpdump: eth0: No such device exists', { code: 'failed' }],
    [1, 'tcpdump: eth0: You do not have permission (Operation not permitted)', { code: 'not-permitted' }],
  ])('fails when tcpdump cannot start: %i %s', async (exitCode, stderr, error) => {
    const background: Background = {
      start: async () => ({
        output: () => ({ stdout: '', stderr }),
        stdoutBytes: () => Buffer.alloc(0),
        write() {},
        ended: () => true,
        stop: async () => ({ exitCode, stdout: '', stderr }),
      }),
    };
    await expect(startCapture(background, options)).rejects.toMatchObject(error);
  });
});
