/** One round of traffic of a container, of each kind, and what came back. */
import { inNetwork } from '../../../src/host/namespaces.ts';
import type { Packet } from '../../../src/host/packet.ts';
import { addresses } from '../../../src/lab/layout.ts';
import { responderPort } from '../../../src/lab/responder.ts';
import type { World } from '../../../src/lab/world.ts';
import type { Container } from './container.ts';

export const kinds = ['TCP', 'UDP', 'ICMP', 'DNS', '1,400 bytes', 'over the MTU'] as const;
export type Kind = (typeof kinds)[number];

/** What the container got for an answer; empty where there was none. */
export type Answers = Readonly<Record<Kind, string>>;

/** Bytes of ICMP data: 28 are headers. */
const sizes = { small: 56, large: 1372, overMtu: 2972 } as const;

/** Busybox's own programs. Each line of the result begins with the kind. */
const inContainer = `
ask() { kind=$1; shift; echo "$kind: $("$@" 2>&1 | tr '\\n' ' ')"; }
ask TCP timeout 3 wget -qO- "http://$0"
ask ICMP ping -c 2 -i 0.2 -W 2 -s ${sizes.small} "$0"
ask DNS timeout 3 nslookup name.test "$0"
ask '1,400 bytes' ping -c 2 -i 0.2 -W 2 -s ${sizes.large} "$0"
ask 'over the MTU' ping -c 2 -i 0.2 -W 2 -s ${sizes.overMtu} "$0"
true
`;

/** Busybox has no program for it. */
const udpProgram = `
const [address, port] = process.argv.slice(1);
const socket = require('node:dgram').createSocket('udp4');
socket.on('message', (answer) => { console.log(String(answer)); process.exit(); });
socket.send('x', port, address);
setTimeout(() => process.exit(), 3000);
`;

export async function sendAll(world: World, { name, where }: Container): Promise<Answers> {
  const udp = [process.execPath, '-e', udpProgram, addresses.internet, String(responderPort)];
  const [said, datagram] = await Promise.all([
    world.containers.run(name, ['sh', '-c', inContainer, addresses.internet]),
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

/** Which kind a packet on the wire belongs to. Fragments have no ports, and are of echo requests only. */
export function kindOf({ protocol, sourcePort, destinationPort, length }: Packet): Kind | undefined {
  switch (protocol) {
    case 'tcp':
      return 'TCP';
    case 'udp':
      return sourcePort === 53 || destinationPort === 53 ? 'DNS' : 'UDP';
    case 'icmp':
      if (length === sizes.small + 28) return 'ICMP';
      return length === sizes.large + 28 ? '1,400 bytes' : 'over the MTU';
    default:
      return undefined;
  }
}
