/** State of a tunnel: its path outside, and whether packets go both ways. */
import type { OuterPath } from '../host/ip/outer-path.ts';
import type { TunnelDevice } from '../host/ip/tunnel-devices.ts';

export interface TunnelState extends TunnelDevice {
  readonly path: OuterPath;
  readonly verdict: Verdict;
}

export interface Verdict {
  /** `silent`: packets go out, and none has come back */
  readonly state: 'both-ways' | 'silent' | 'unused' | 'broken';
  readonly text: string;
}

/** seconds that a session of WireGuard lasts */
const sessionTime = 180;

/**
 * The counters begin with the device.
 * @param now seconds since 1970
 * @param redirected packets of containers, which expect answers; the kernel itself sends some that nobody answers
 */
export function verdictOf(tunnel: TunnelDevice, path: OuterPath, redirected: number, now: number): Verdict {
  const { device, remote, sent, received, wireguard } = tunnel;
  const verify = '`mustredirect verify` tells at which end';
  if ('error' in path) return { state: 'broken', text: path.error };
  if (wireguard?.handshake !== undefined) {
    const age = now - wireguard.handshake;
    const idle = age > sessionTime ? ': a newer one comes with the next packet, if the far end answers' : '';
    return { state: 'both-ways', text: `last handshake ${age} s ago${idle}` };
  }
  // Without a handshake, what WireGuard has received is not from its peer.
  if (received.packets > 0 && !wireguard) {
    return { state: 'both-ways', text: ['packets come back', ...oddities(sent, received)].join('; ') };
  }
  if (received.checksum + received.sequence > 0) {
    return { state: 'broken', text: oddities(sent, received).join('; ') };
  }
  if (sent.packets === 0)
    return { state: 'unused', text: ['no packet yet', ...oddities(sent, received)].join('; ') };
  return redirected > 0
    ? { state: 'silent', text: `the far end ${remote} does not answer: ${verify}` }
    : {
        state: 'unused',
        text: `no container has sent through ${device} yet, and the far end has sent nothing`,
      };
}

function oddities(
  { unrouted, circles }: TunnelDevice['sent'],
  { checksum, sequence }: TunnelDevice['received'],
): string[] {
  const refused = (what: string): string => `the far end must use ${what} as this end does`;
  return [
    ...(unrouted > 0 ? [`${unrouted} packets had no route to the far end`] : []),
    ...(circles > 0 ? [`${circles} packets had a route to the far end through the tunnel itself`] : []),
    ...(checksum > 0 ? [`${checksum} packets were refused: ${refused('checksums of GRE')}`] : []),
    ...(sequence > 0 ? [`${sequence} packets were refused: ${refused('sequence numbers of GRE')}`] : []),
  ];
}

/** `gre1 goes to 198.51.100.1 by eth1 via 192.0.2.2 ...` */
export function tunnelStateText({ device, remote, mtu, sent, received, path, verdict }: TunnelState): string {
  const traffic = `${sent.packets} packets out (${sent.bytes} bytes), ${received.packets} in (${received.bytes} bytes)`;
  return `${device} mtu ${mtu} to ${remote} ${pathText(path)}: ${traffic}: ${verdict.text}`;
}

function pathText(path: OuterPath): string {
  if ('error' in path) return 'has no path';
  const { device, via, source, mtu, learnedMtu } = path;
  return [
    `by ${device}`,
    ...(via === undefined ? [] : [`via ${via}`]),
    ...(source === undefined ? [] : [`from ${source}`]),
    `mtu ${mtu}`,
    ...(learnedMtu === undefined ? [] : [`(a router on the way: ${learnedMtu})`]),
  ].join(' ');
}
