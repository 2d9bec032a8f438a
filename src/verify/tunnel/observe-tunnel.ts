/** Sends an echo request through a tunnel, with a capture on all links. */
import { familyOf } from '../../address/cidr.ts';
import { readPathFilterDrops } from '../../host/files/path-filter.ts';
import { readNeighbours } from '../../host/ip/neighbours.ts';
import { type TunnelDevice, readTunnelDevices } from '../../host/ip/tunnel-devices.ts';
import type { Exec } from '../../host/ports.ts';
import type { Link } from '../../state/facts.ts';
import type { LiveHost } from '../live-host.ts';
import { captureWhile } from '../probe/captures.ts';
import { ping } from '../probe/ping.ts';
import { type PingReply, type Probe, makeProbes } from '../probe/probe.ts';
import { tunnelFilter } from './capture-filter.ts';
import type { InnerTarget } from './inner-target.ts';
import type { TunnelObservation } from './observation.ts';

/** A packet may get lost. WireGuard tries a handshake again after five seconds. */
const attempts = { usual: 3, wireguard: 7 };

export interface TunnelSubject extends Pick<TunnelObservation, 'tunnel' | 'path' | 'target'> {
  readonly links: readonly Link[];
}

export async function observeTunnel(host: LiveHost, subject: TunnelSubject): Promise<TunnelObservation> {
  const { tunnel, path, target, links } = subject;
  const { exec, files } = host;
  const request = requestTo(target, tunnel);
  const length = request.size + 8 + (familyOf(target.address) === 4 ? 20 : 40);
  const local = tunnel.local ?? path.source;
  const echo = { target: target.address, length };
  const filter = tunnelFilter(tunnel, local, echo, knownTunnels(tunnel, local, links));
  const before = await readPathFilterDrops(files);
  const captured = await captureWhile(host.background, filter, links, [], () =>
    pingOften(exec, request, tunnel.wireguard ? attempts.wireguard : attempts.usual),
  );
  const outer = { ...request, source: local ?? path.device, target: tunnel.remote };
  const isSilent = captured.result === undefined;
  const [after, neighbours, outside, [later = tunnel]] = await Promise.all([
    readPathFilterDrops(files),
    readNeighbours(exec),
    isSilent ? ping(exec, outer) : undefined,
    readTunnelDevices(exec, [tunnel.device]),
  ]);
  return {
    // With the handshake that the echo request has caused.
    tunnel: { ...tunnel, ...(later.wireguard ? { wireguard: later.wireguard } : {}) },
    path,
    target,
    length,
    reply: captured.result,
    outside,
    packets: captured.packets,
    lost: captured.lost,
    now: Math.floor(Date.now() / 1000),
    refused: refusedBy(later) - refusedBy(tunnel),
    filtered: after - before,
    neighbours,
  };
}

type Request = Pick<Probe, 'source' | 'target' | 'size'>;

/** A random size, by which a capture tells the echo request. */
function requestTo({ address }: InnerTarget, { device }: TunnelDevice): Request {
  const [probe] = makeProbes(device, [{ address }]);
  return { source: device, target: address, size: probe?.size ?? 100 };
}

async function pingOften(exec: Exec, request: Request, often: number): Promise<PingReply> {
  let reply = await ping(exec, request);
  for (let tried = 1; reply === undefined && tried < often; tried += 1) reply = await ping(exec, request);
  return reply;
}

function refusedBy({ received }: TunnelDevice): number {
  return received.checksum + received.sequence;
}

function knownTunnels(
  tunnel: TunnelDevice,
  local: string | undefined,
  links: readonly Link[],
): Pick<TunnelDevice, 'remote' | 'key'>[] {
  const others = links.flatMap((link) =>
    link.tunnel && 'local' in link.tunnel && link.name !== tunnel.device ? [link.tunnel] : [],
  );
  return [tunnel, ...others.filter((other) => other.local === local)];
}
