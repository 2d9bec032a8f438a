/** Verifies the tunnel of a gateway's uplink: an echo request through it, with captures inside and outside. */
import type { Address } from '../../address/cidr.ts';
import { readLinks } from '../../host/ip/links.ts';
import { readOuterPath } from '../../host/ip/outer-path.ts';
import { readTunnelDevices } from '../../host/ip/tunnel-devices.ts';
import type { MemberGateway } from '../../topology/role.ts';
import { verdict } from '../judge/verdict.ts';
import type { LiveHost } from '../live-host.ts';
import type { Check } from '../report.ts';
import type { Target } from '../target.ts';
import { sendFullSize } from './full-size.ts';
import { innerTarget } from './inner-target.ts';
import { judgeMtu } from './judge-mtu.ts';
import type { TunnelVerdict } from './observation.ts';
import { judgeTunnel } from './judge-tunnel.ts';
import { type TunnelSubject, observeTunnel } from './observe-tunnel.ts';

/** Checks of a verification. */
export async function verifyTunnel(...what: Parameters<typeof testTunnel>): Promise<Check[]> {
  const { subject, target, verdicts } = await testTunnel(...what);
  return verdicts.map(({ remedy, evidence, ...rest }) => ({
    subject,
    ...(target === undefined ? {} : { target }),
    ...rest,
    evidence: remedy === undefined ? evidence : `${evidence}; ${remedy}`,
  }));
}

export interface TestedTunnel {
  readonly subject: string;
  /** address that was asked through it */
  readonly target?: Address;
  /** empty if the uplink is no tunnel with two ends */
  readonly verdicts: readonly TunnelVerdict[];
}

/** @param others addresses to ask if that of the far end is not known */
export async function testTunnel(
  host: LiveHost,
  { name, uplink }: Pick<MemberGateway, 'name' | 'uplink'>,
  others: readonly Target[],
): Promise<TestedTunnel> {
  const subject = `gateway ${name}, tunnel ${uplink.device}`;
  const [tunnel] = await readTunnelDevices(host.exec, [uplink.device]);
  if (!tunnel) return { subject, verdicts: [] };
  const links = await readLinks(host.exec);
  const path = await readOuterPath(host.exec, tunnel, links);
  if ('error' in path) {
    const remedy = 'correct the ends of the tunnel, or the routes of this host';
    return { subject, verdicts: [{ ...verdict('tunnel', false, `this end: ${path.error}`), remedy }] };
  }
  const link = links.find((one) => one.name === tunnel.device);
  const target = innerTarget(uplink, link ?? { addresses: [] }, others);
  if (!target) {
    return { subject, verdicts: [verdict('tunnel', 'not-checked', 'no address is known to ask through it')] };
  }
  const verdicts = await verdictsOf(host, { tunnel, path, target, links });
  return { subject, target: target.address, verdicts };
}

async function verdictsOf(host: LiveHost, subject: TunnelSubject): Promise<TunnelVerdict[]> {
  const observation = await observeTunnel(host, subject);
  const found = judgeTunnel(observation);
  // Without an answer to a small packet, a large one shows nothing.
  if (typeof observation.reply !== 'number') return [found];
  const { tunnel, target } = subject;
  return [found, judgeMtu(tunnel, await sendFullSize(host.exec, tunnel, target.address))];
}
