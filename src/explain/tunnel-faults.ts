/** Tunnels of uplinks that do not carry what they should, and settings that keep them from it. */
import { MustredirectError } from '../error.ts';
import { encapsulationOf } from '../host/ip/encapsulations.ts';
import { type OuterPath, readOuterPath } from '../host/ip/outer-path.ts';
import { type TunnelDevice, readTunnelDevices } from '../host/ip/tunnel-devices.ts';
import { readChains } from '../host/nft/chains.ts';
import { readFilters } from '../host/nft/other-tables.ts';
import { isInterruption } from '../host/process/interrupt.ts';
import type { Files } from '../host/ports.ts';
import type { Facts } from '../state/facts.ts';
import type { HostRole, MemberGateway } from '../topology/role.ts';
import type { LiveHost } from '../verify/live-host.ts';
import { unansweredTarget } from '../verify/target.ts';
import { testTunnel } from '../verify/tunnel/verify-tunnel.ts';
import type { Finding } from './doctor.ts';
import type { NotProbed } from './interference/path.ts';
import { droppedByInput } from './tunnel-input.ts';

export interface TunnelFaults {
  readonly found: readonly Finding[];
  readonly notProbed: readonly NotProbed[];
}

/** @param role gateways that are ready: what is not made has other findings */
export async function findTunnelFaults(
  host: LiveHost,
  { gateways }: Pick<HostRole, 'gateways'>,
  { links }: Pick<Facts, 'links'>,
): Promise<TunnelFaults> {
  const serving = gateways.filter(({ served }) => served.length > 0);
  const tunnels = await readTunnelDevices(
    host.exec,
    serving.map(({ uplink }) => uplink.device),
  );
  if (tunnels.length === 0) return { found: [], notProbed: [] };
  const inputs = await readFilters(host.exec, await readChains(host.exec), 'input');
  const all: TunnelFaults[] = [];
  for (const tunnel of tunnels) {
    const gateway = serving.find(({ uplink }) => uplink.device === tunnel.device);
    if (!gateway) continue;
    const path = await readOuterPath(host.exec, tunnel, links);
    const { found, notProbed, mtuTested } = await testFaults(host, gateway);
    const settings = [
      ...droppedByInput(gateway, tunnel, path, inputs),
      ...(mtuTested ? [] : largeMtu(gateway, tunnel, path)),
      ...(await keepalives(host.files, gateway, tunnel)),
    ];
    all.push({ found: [...found, ...settings], notProbed });
  }
  return { found: all.flatMap(({ found }) => found), notProbed: all.flatMap(({ notProbed }) => notProbed) };
}

/** Faults that packets show. A failure to send them does not end the rest of the run. */
async function testFaults(
  host: LiveHost,
  gateway: MemberGateway,
): Promise<TunnelFaults & { readonly mtuTested: boolean }> {
  const subject = `gateway ${gateway.name}, tunnel ${gateway.uplink.device}`;
  try {
    const target = unansweredTarget([], 4);
    const { verdicts } = await testTunnel(host, gateway, target ? [target] : []);
    const wrong = verdicts.filter(({ ok }) => ok === false);
    return {
      found: wrong.map(({ evidence, remedy = 'see `mustredirect verify`' }) => ({
        problem: `${subject}: ${evidence}`,
        remedy,
      })),
      notProbed: [],
      mtuTested: verdicts.some(({ check, ok }) => check === 'mtu' && ok !== 'not-checked'),
    };
  } catch (error) {
    if (isInterruption(error) || !(error instanceof MustredirectError)) throw error;
    return {
      found: [],
      notProbed: [{ reason: `${subject}: no packet was sent: ${error.message}` }],
      mtuTested: false,
    };
  }
}

/** For a far end that no packet has told anything about. */
export function largeMtu(
  { name }: Pick<MemberGateway, 'name'>,
  tunnel: TunnelDevice,
  path: OuterPath,
): Finding[] {
  if ('error' in path) return [];
  const { device, mtu, remote } = tunnel;
  const outside = path.learnedMtu ?? path.mtu;
  const fits = outside - encapsulationOf(tunnel).overhead;
  if (mtu <= fits) return [];
  return [
    {
      problem: `gateway ${name}: its tunnel ${device} has mtu ${mtu}, and the path to ${remote} carries ${outside} bytes: packets of more than ${fits} bytes are lost, or sent in pieces`,
      remedy: `write \`mtu: ${fits}\` for the uplink, or \`ip link set ${device} mtu ${fits}\` if mustredirect has not made it`,
    },
  ];
}

/**
 * A keepalive of Cisco or MikroTik is a packet in GRE from this end to the far end, which this end must forward. The
 * kernel takes its sender for an impostor, unless accept_local is 1, and the reverse path filter off. [measured on 6.1]
 */
export async function keepalives(
  files: Files,
  { name }: Pick<MemberGateway, 'name'>,
  { device, kind }: Pick<TunnelDevice, 'device' | 'kind'>,
): Promise<Finding[]> {
  if (kind !== 'gre') return [];
  const read = async (conf: string, setting: string): Promise<number> =>
    Number((await files.read(`/proc/sys/net/ipv4/conf/${conf}/${setting}`)) ?? 0);
  // Somebody has set it so that keepalives are answered: nothing else needs it on a tunnel.
  const answers = await read(device, 'accept_local');
  const filters = await Promise.all(
    ['all', device].map(async (conf) => [conf, await read(conf, 'rp_filter')] as const),
  );
  const strict = filters.filter(([, value]) => value !== 0).map(([conf]) => conf);
  if (answers !== 1 || strict.length === 0) return [];
  return [
    {
      problem: `gateway ${name}: accept_local is 1 on ${device}, so that keepalives of the far end are answered, and rp_filter drops them`,
      remedy: `\`sysctl -w ${strict.map((conf) => `net/ipv4/conf/${conf}/rp_filter=0`).join(' ')}\`, or turn the keepalives off at the far end`,
    },
  ];
}
