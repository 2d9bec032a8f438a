/** What packets of each tunnel's container look like on their way, in a form that is compared with a table. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Family } from '../../src/address/cidr.ts';
import { endingWithStdin } from '../../src/host/process/background.ts';
import type { TestHost } from '../../src/lab/test-host.ts';
import { addressesOf } from '../../src/lab/layout.ts';
import type { World } from '../../src/lab/world.ts';
import { type TunnelCase, containerOf, deviceOf, families, innerOf, outerMtu, tunnels } from './tunnel.ts';

/** All of one tunnel; two of a pair are IPv4 and IPv6. */
export interface TunnelFacts {
  readonly name: string;
  /** what the server far behind the tunnel says */
  readonly server: readonly string[];
  /** MTU of the device */
  readonly mtu: number;
  /** MTU that the container learns from the error about a packet that may not be cut */
  readonly learned: readonly string[];
  /** maximum segment size that the server is offered */
  readonly mss: readonly string[];
  /** kinds of packets outside */
  readonly outside: string;
}

export function factsWanted(
  tunnel: TunnelCase,
  index: number,
  outside: string,
  outer = outerMtu,
): TunnelFacts {
  const mtu = outer - tunnel.overhead;
  return {
    name: tunnel.name,
    server: families.map((family) => `upstream saw ${innerOf(index, family, 'gw1')}`),
    mtu,
    learned: families.map(() => `mtu ${mtu}`),
    mss: [`mss ${mtu - 40}`, `mss ${mtu - 60}`],
    outside,
  };
}

interface FactOptions {
  readonly cases?: readonly TunnelCase[];
  /** bytes of the packets that may not be cut; default: the MTU of the underlay */
  readonly sizeOf?: (tunnel: TunnelCase) => number;
}

/** Asks the server from each container, and looks at what passes the uplink and its tunnels meanwhile. */
export async function readFacts(
  world: World,
  { cases = tunnels, sizeOf = () => outerMtu }: FactOptions = {},
): Promise<TunnelFacts[]> {
  const { node1, gw1, upstream } = world.hosts;
  const syn = '(ip and tcp[13] & 18 == 2) or (ip6[6] == 6 and ip6[53] & 18 == 2)';
  const inside = await listen(upstream, ['-i', 'any', '-v', syn]);
  const outside = await listen(gw1, ['-i', 'wan0', '-Q', 'out', '-v', 'not icmp6 and not arp']);
  const said = await Promise.all(cases.map((tunnel, index) => askFrom(node1, index, sizeOf(tunnel))));
  await sleep(300);
  const [synText, outerText, mtus] = await Promise.all([
    inside(),
    outside(),
    gw1.run(['sh', '-c', cases.map((_, index) => `cat /sys/class/net/${deviceOf(index)}/mtu`).join('; ')]),
  ]);
  return cases.map((tunnel, index) => ({
    name: tunnel.name,
    server: said[index]?.server ?? [],
    mtu: Number(mtus.split('\n')[index]),
    learned: said[index]?.learned ?? [],
    mss: mssOf(synText, deviceOf(index)),
    outside: outsideOf(outerText, tunnel),
  }));
}

/** Starts tcpdump, which prints; the function that it returns ends it, and returns what it has printed. */
async function listen(host: TestHost, options: readonly string[]): Promise<() => Promise<string>> {
  const running = await host.background.start(endingWithStdin(['tcpdump', '-n', '-l', ...options]));
  while (!running.output().stderr.includes('listening on')) await sleep(50);
  return async () => (await running.stop()).stdout;
}

async function askFrom(
  node1: TestHost,
  index: number,
  size: number,
): Promise<{ server: string[]; learned: string[] }> {
  const script = families.flatMap((family) => {
    const { internet } = addressesOf(family);
    const payload = size - (family === 4 ? 28 : 48);
    return [
      `ip -${family} route flush cache; wget -T 20 -t 1 -qO- http://${family === 6 ? `[${internet}]` : internet}; echo "====="`,
      `ping -${family} -n -M do -s ${payload} -c 2 -i 0.3 -W 3 ${internet} 2>&1; echo "====="`,
    ];
  });
  const { stdout } = await node1.exec.run(
    ['nsenter', `--net=/run/netns/${containerOf(index)}`, 'sh', '-c', script.join('\n')],
    { timeout: 120_000 },
  );
  const [server4 = '', ping4 = '', server6 = '', ping6 = ''] = stdout.split('=====\n');
  return { server: [server4.trim(), server6.trim()], learned: [ping4, ping6].map(learnedFrom) };
}

function learnedFrom(printed: string): string {
  const [, mtu] = /mtu[ =:]*(\d+)/.exec(printed) ?? [];
  return mtu === undefined ? printed.trim() : `mtu ${mtu}`;
}

/** Each packet begins with a time, and goes on in indented lines. */
function packetsOf(printed: string): string[] {
  return printed.split(/^(?=\d\d:\d\d:\d\d\.)/m);
}

/** Family of the outermost header. */
function outermost(packet: string): Family {
  return / IP6? /.exec(packet)?.[0] === ' IP ' ? 4 : 6;
}

/** Segment sizes in the lines about a device: IPv4, IPv6. */
function mssOf(printed: string, device: string): string[] {
  const packets = packetsOf(printed).filter((text) => text.includes(` ${device} `));
  return families.map((family) => {
    const own = packets.filter((text) => outermost(text) === family);
    return [...new Set(own.flatMap((text) => /mss \d+/.exec(text)?.[0] ?? []))].join(' and ');
  });
}

const protocols: Readonly<Record<string, RegExp>> = {
  'IP in IP': /(?:proto|next-header) (?:IPIP|IPv6|IPv4|unknown \(4\))/,
  WireGuard: /UDP, length/,
};

function greOf(name: string): RegExp {
  return name.includes('key') ? /GREv0, Flags \[key present\]/ : /GREv0, Flags \[none\]/;
}

/** Outer packets of the tunnel's kind and family, each different form once. */
function outsideOf(printed: string, { name, outer }: TunnelCase): string {
  const packets = packetsOf(printed).filter((text) => outermost(text) === outer);
  const kind = name.startsWith('gre') ? 'GRE' : name.startsWith('ipip') ? 'IP in IP' : 'WireGuard';
  const own = packets.filter((text) => (kind === 'GRE' ? greOf(name) : protocols[kind])?.test(text));
  const forms = own.map((text) => {
    const [first = ''] = text.split('\n');
    const ttl = /(?:ttl|hlim) \d+/.exec(first)?.[0] ?? 'no ttl';
    return `${kind} ${ttl}${outer === 4 && first.includes('flags [DF]') ? ' DF' : ''}`;
  });
  return [...new Set(forms)].sort().join(', ');
}
