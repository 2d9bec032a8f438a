/** One round of a container's traffic of each kind, and its replies. */
import type { Family } from '../../../src/address/cidr.ts';
import { inNetwork } from '../../../src/host/process/namespaces.ts';
import type { Packet } from '../../../src/host/capture/packet.ts';
import { addressesOf } from '../../../src/lab/layout.ts';
import { responderPort } from '../../../src/lab/responder.ts';
import type { World } from '../../../src/lab/world.ts';
import type { Container } from './container.ts';

export const kinds = ['TCP', 'UDP', 'ICMP', 'DNS', '1,400 bytes', 'over the MTU'] as const;
export type Kind = (typeof kinds)[number];

/** Reply that the container got; empty without one. */
export type Answers = Readonly<Record<Kind, string>>;

/** Sizes of whole packets in bytes. Packets over the MTU are fragmented. */
const sizes = { small: 100, large: 1400, overMtu: 3000 } as const;

/** Length of the headers of an echo request. */
const headers: Readonly<Record<Family, number>> = { 4: 28, 6: 48 };

/** Busybox programs. Each line of the result begins with the kind. */
const inContainer = `
ask() { kind=$1; shift; echo "$kind: $("$@" 2>&1 | tr '\\n' ' ')"; }
ask TCP timeout 3 wget -qO- "http://$1"
ask ICMP ping -c 2 -i 0.2 -W 2 -s $((${sizes.small} - $2)) "$0"
ask DNS timeout 3 nslookup name.test "$0"
ask '1,400 bytes' ping -c 2 -i 0.2 -W 2 -s $((${sizes.large} - $2)) "$0"
ask 'over the MTU' ping -c 2 -i 0.2 -W 2 -s $((${sizes.overMtu} - $2)) "$0"
true
`;

/** UDP client, which busybox lacks. */
const udpProgram = `
const [address, port] = process.argv.slice(1);
const socket = require('node:dgram').createSocket(address.includes(':') ? 'udp6' : 'udp4');
socket.on('message', (answer) => { console.log(String(answer)); process.exit(); });
socket.send('x', port, address);
setTimeout(() => process.exit(), 3000);
`;

export async function sendAll(world: World, { name, where }: Container, family: Family): Promise<Answers> {
  const { internet } = addressesOf(family);
  const udp = [process.execPath, '-e', udpProgram, internet, String(responderPort)];
  const site = family === 4 ? internet : `[${internet}]`;
  const script = ['sh', '-c', inContainer, internet, site, String(headers[family])];
  const [said, datagram] = await Promise.all([
    world.containers.run(name, script),
    world.hosts.node1.exec.run(inNetwork(where, udp)),
  ]);
  const lines = new Map(said.stdout.split('\n').map((line) => line.split(': ', 2) as [string, string]));
  return {
    TCP: lines.get('TCP')?.trim() ?? '',
    UDP: datagram.stdout.trim(),
    ICMP: received(said.stdout, 'ICMP'),
    DNS: /Address: (198\.51\.100\.\d)/.exec(said.stdout)?.[1] ?? '',
    '1,400 bytes': received(said.stdout, '1,400 bytes'),
    'over the MTU': received(said.stdout, 'over the MTU'),
  };
}

/** The reply of a ping does not depend on the host that replies. */
function received(said: string, kind: Kind): string {
  return new RegExp(`^${kind}: .* 2 packets received`, 'm').test(said) ? 'answered' : '';
}

/** Protocol number of the IPv6 fragment header. */
const fragment = 44;

/** Kind of a captured packet. Fragments have no ports; only echo requests are fragmented. */
export function kindOf({ protocol, sourcePort, destinationPort, length }: Packet): Kind | undefined {
  switch (protocol) {
    case 'tcp':
      return 'TCP';
    case 'udp':
      return sourcePort === 53 || destinationPort === 53 ? 'DNS' : 'UDP';
    case 'icmp':
      if (length === sizes.small) return 'ICMP';
      return length === sizes.large ? '1,400 bytes' : 'over the MTU';
    case fragment:
      return 'over the MTU';
    default:
      return undefined;
  }
}
