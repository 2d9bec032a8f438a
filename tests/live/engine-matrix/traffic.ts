/** One round of traffic of a container, of each kind, and what came back. */
import type { Family } from '../../../src/address/cidr.ts';
import { inNetwork } from '../../../src/host/process/namespaces.ts';
import type { Packet } from '../../../src/host/capture/packet.ts';
import { addressesOf } from '../../../src/lab/layout.ts';
import { responderPort } from '../../../src/lab/responder.ts';
import type { World } from '../../../src/lab/world.ts';
import type { Container } from './container.ts';

export const kinds = ['TCP', 'UDP', 'ICMP', 'DNS', '1,400 bytes', 'over the MTU'] as const;
export type Kind = (typeof kinds)[number];

/** What the container got for an answer; empty where there was none. */
export type Answers = Readonly<Record<Kind, string>>;

/** Bytes of whole packets. What is over the MTU comes in fragments. */
const sizes = { small: 100, large: 1400, overMtu: 3000 } as const;

/** Of an echo request, before its data. */
const headers: Readonly<Record<Family, number>> = { 4: 28, 6: 48 };

/** Busybox's own programs. Each line of the result begins with the kind. */
const inContainer = `
ask() { kind=$1; shift; echo "$kind: $("$@" 2>&1 | tr '\\n' ' ')"; }
ask TCP timeout 3 wget -qO- "http://$1"
ask ICMP ping -c 2 -i 0.2 -W 2 -s $((${sizes.small} - $2)) "$0"
ask DNS timeout 3 nslookup name.test "$0"
ask '1,400 bytes' ping -c 2 -i 0.2 -W 2 -s $((${sizes.large} - $2)) "$0"
ask 'over the MTU' ping -c 2 -i 0.2 -W 2 -s $((${sizes.overMtu} - $2)) "$0"
true
`;

/** Busybox has no program for it. */
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

/** Echo requests and their answers are alike wherever they are answered. */
function received(said: string, kind: Kind): string {
  return new RegExp(`^${kind}: .* 2 packets received`, 'm').test(said) ? 'answered' : '';
}

/** Of IPv6, a fragment has a header of its own. */
const fragment = 44;

/** Which kind a packet on the wire belongs to. Fragments have no ports, and are of echo requests only. */
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
