/** Judges a tunnel by an echo request through it: whether packets come back, and which end is wrong. */
import { familyOf } from '../../address/cidr.ts';
import { encapsulationOf, protocolText } from '../../host/ip/encapsulations.ts';
import type { TunnelDevice } from '../../host/ip/tunnel-devices.ts';
import { unique, verdict } from '../judge/verdict.ts';
import { noPing } from '../judge/reach.ts';
import type { CapturedPacket } from '../probe/captures.ts';
import type { TunnelObservation, TunnelVerdict } from './observation.ts';
import { type SortedPackets, sortPackets } from './sort-packets.ts';

export function judgeTunnel(observation: TunnelObservation): TunnelVerdict {
  const { tunnel, path, target, reply } = observation;
  const { device, remote } = tunnel;
  if (reply === 'missing') return verdict('tunnel', 'not-checked', `ICMP ${noPing}`);
  const seen = sortPackets(observation);
  const name = target.isFarEnd ? `the far end ${target.address}` : target.address;
  if (reply !== undefined) {
    return verdict('tunnel', true, `${name} answered through ${device} in ${reply} ms`);
  }
  if (seen.inside.in.length > 0) {
    const evidence = `an answer of ${name} came in by ${device}; this host dropped it, since it was for the host itself`;
    return verdict('tunnel', true, evidence);
  }
  const fault = sessionFault(observation) ?? nearFault(observation, seen) ?? farFault(observation, seen);
  if (fault) return { ...verdict('tunnel', false, fault.problem), remedy: fault.remedy };
  const left = `${packetsText(seen.outside.out.length, tunnel)} left by ${path.device} to ${remote}, and none came back`;
  return target.isFarEnd
    ? { ...verdict('tunnel', false, left), remedy: whoIsSilent(observation) }
    : { ...verdict('tunnel', 'not-checked', left), remedy: nobodyToAsk };
}

const nobodyToAsk =
  'nobody was sure to answer: give the tunnel an address of a /30 or /31, or name the far end as `via:`';

interface Fault {
  readonly problem: string;
  readonly remedy: string;
}

/** Seconds that a session of WireGuard lasts: without a newer handshake, no packet goes either way. */
const sessionTime = 180;

/** WireGuard with a session: the keys fit, and the packets outside arrive. */
function sessionFault({ tunnel, target, now }: TunnelObservation): Fault | undefined {
  const { device, wireguard } = tunnel;
  if (wireguard?.handshake === undefined || !target.isFarEnd) return undefined;
  const age = now - wireguard.handshake;
  if (age > sessionTime) return undefined;
  return {
    problem: `the far end: the keys fit (last handshake ${age} s ago), and ${target.address} does not answer through ${device}`,
    remedy: `it needs the address ${target.address}, a route back, and this end's address of ${device} in its allowed-ips`,
  };
}

/** Fault at this end: packets do not leave, or do not reach the device. */
function nearFault(observation: TunnelObservation, { inside, outside }: SortedPackets): Fault | undefined {
  const { tunnel, path, neighbours } = observation;
  const { device, remote } = tunnel;
  const { name } = encapsulationOf(tunnel);
  if (inside.out.length === 0) {
    return {
      problem: `this end: no packet left by ${device}`,
      remedy: 'a firewall of this host may drop it',
    };
  }
  if (outside.out.length === 0) {
    const hop = path.via ?? remote;
    const isSilent = neighbours.some(({ dst, dev, lladdr }) => dst === hop && dev === path.device && !lladdr);
    return isSilent
      ? {
          problem: `the underlay: ${hop} does not answer on ${path.device}, so no ${name} packet leaves`,
          remedy: `bring ${hop} up, or correct the route to ${remote}`,
        }
      : {
          problem: `this end: no ${name} packet left by ${path.device}`,
          remedy: `a firewall of this host may drop ${protocolText(tunnel)} to ${remote}`,
        };
  }
  const [arrived] = outside.in;
  return arrived && undelivered(observation, arrived.link);
}

/** Packets of the far end arrive on a link, and not at the device. */
function undelivered({ tunnel, refused, filtered }: TunnelObservation, link: string): Fault {
  const { device, remote } = tunnel;
  const { name } = encapsulationOf(tunnel);
  const arrives = `this end: ${name} packets from ${remote} arrive on ${link}, and ${device} does not get them`;
  if (refused > 0) {
    return {
      problem: arrives,
      remedy: 'let both ends use checksums and sequence numbers of GRE, or none of them',
    };
  }
  return filtered > 0
    ? {
        problem: `${arrives}: rp_filter on ${link} drops them, because the route to ${remote} leads elsewhere`,
        remedy: `\`sysctl -w net/ipv4/conf/${link}/rp_filter=2\` lets them in`,
      }
    : {
        problem: `${arrives}: a firewall of this host drops ${protocolText(tunnel)} from ${remote}`,
        remedy: 'accept it in its input chain',
      };
}

/** Fault at the far end or on the way, if something has told of it. */
function farFault(
  { tunnel, path }: TunnelObservation,
  { errors, strangers }: SortedPackets,
): Fault | undefined {
  const { remote, key, local = path.source } = tunnel;
  const { name } = encapsulationOf(tunnel);
  const mine = strangers.find(({ source }) => source === remote);
  if (mine) {
    return {
      problem: `the keys differ: ${remote} sends ${name} with ${keyText(mine.key)}, and this end has ${keyText(key)}`,
      remedy: 'give both ends the same key',
    };
  }
  if (strangers.length > 0) {
    const senders = unique(strangers.map(({ source }) => source)).join(', ');
    return {
      problem: `${name} from ${senders} arrives, and this end takes only what comes from ${remote}`,
      remedy: 'correct `remote:`, or the local address at the far end',
    };
  }
  const [error] = errors;
  if (!error) return undefined;
  const what = errorKind(error);
  if (what === 'no-tunnel' && error.source === remote) return refusal(tunnel, local);
  return what === 'prohibited'
    ? { problem: `a firewall at ${error.source} refuses ${name} to ${remote}`, remedy: 'let it pass there' }
    : {
        problem: `the underlay: ${error.source} has no way to ${remote} (ICMP type ${error.icmpType} code ${error.error?.code})`,
        remedy: `repair the route there, or correct \`remote:\``,
      };
}

/** ICMP from the far end itself. */
function refusal(tunnel: TunnelDevice, local: string | undefined): Fault {
  const there = `the far end: ${tunnel.remote} is there`;
  if (tunnel.wireguard) {
    const problem = `${there}, and nothing listens on its ${protocolText(tunnel)}`;
    return { problem, remedy: 'start WireGuard there, or correct `endpoint:`' };
  }
  const { name } = encapsulationOf(tunnel);
  const problem = `${there} and refuses ${name} from ${local ?? 'this host'}: it has no tunnel that is up with these ends and key`;
  return { problem, remedy: needs(tunnel, local) };
}

/** Types and codes of ICMP and ICMPv6. */
function errorKind({ destination, icmpType, error }: CapturedPacket): 'no-tunnel' | 'prohibited' | 'no-way' {
  const text = `${icmpType}/${error?.code}`;
  const [noTunnel, prohibited] =
    familyOf(destination) === 4
      ? [
          ['3/2', '3/3'],
          ['3/9', '3/10', '3/13'],
        ]
      : [
          ['1/4', '4/1'],
          ['1/1', '1/5', '1/6'],
        ];
  if (noTunnel.includes(text)) return 'no-tunnel';
  return prohibited.includes(text) ? 'prohibited' : 'no-way';
}

function whoIsSilent({ tunnel, path, outside }: TunnelObservation): string {
  const { remote, local = path.source } = tunnel;
  const { name } = encapsulationOf(tunnel);
  return typeof outside === 'number'
    ? `the far end: ${remote} answers a ping outside of the tunnel, so its tunnel is wrong or a firewall drops ${name} (${protocolText(tunnel)}); ${needs(tunnel, local)}`
    : `the far end: ${remote} does not answer a ping outside of the tunnel either (many hosts do not): it is down, or drops ${name}; ${needs(tunnel, local)}`;
}

/** Settings that the far end must have. */
function needs({ remote, key, kind, wireguard }: TunnelDevice, local: string | undefined): string {
  if (wireguard) {
    const { port, publicKey = '(none: this end has no key)' } = wireguard;
    return `it needs UDP port ${port}, the key whose public half is \`peer:\`, and this end's public key ${publicKey}`;
  }
  const ends = `it needs local ${remote}, remote ${local ?? 'the address that it sees'}`;
  return kind === 'gre' || kind === 'ip6gre' ? `${ends}, ${keyText(key)}` : ends;
}

function keyText(key: number | undefined): string {
  return key === undefined ? 'no key' : `key ${key}`;
}

function packetsText(count: number, tunnel: TunnelDevice): string {
  return `${count} ${encapsulationOf(tunnel).name} ${count === 1 ? 'packet' : 'packets'}`;
}
