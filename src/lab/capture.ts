/** Records what a test host's device really carries. A capture that may have missed a packet is an error. */
import { MustredirectError } from '../error.ts';
import { type Captured, startCapture } from '../host/capture/capture.ts';
import type { Packet } from '../host/capture/packet.ts';
import type { TestHost } from './test-host.ts';

export interface Capture {
  /** Every IP packet so far: nothing that was on the wire before the call is missing. */
  packets(): Promise<readonly Packet[]>;
  /** The same, and ends the capture. */
  stop(): Promise<readonly Packet[]>;
}

/**
 * Starts recording, and returns when every packet from now on is seen.
 * @param device a device's name, or `any`
 * @param filter as tcpdump takes it: `icmp and host 203.0.113.10`
 */
export async function captureOn(host: TestHost, device: string, filter: string): Promise<Capture> {
  const capture = await startCapture(host.background, { device, filter });
  const whole = ({ packets, lost }: Captured): readonly Packet[] => {
    if (lost === 0) return packets;
    throw new MustredirectError('failed', `capture on ${host.name} ${device}: ${lost} packets were missed`);
  };
  return {
    packets: async () => whole(await capture.packets()),
    stop: async () => whole(await capture.stop()),
  };
}
