/** Captures packets on a test host's device. A capture that may have lost a packet is an error. */
import { MustredirectError } from '../error.ts';
import { type Captured, startCapture } from '../host/capture/capture.ts';
import type { Packet } from '../host/capture/packet.ts';
import type { TestHost } from './test-host.ts';

export interface Capture {
  /** Returns every IP packet so far; packets on the wire before the call are complete. */
  packets(): Promise<readonly Packet[]>;
  /** Returns every IP packet so far, and ends the capture. */
  stop(): Promise<readonly Packet[]>;
}

/**
 * Starts a capture, and returns once it sees every packet.
 * @param device device name, or `any`
 * @param filter in tcpdump syntax: `icmp and host 203.0.113.10`
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
