/** A published port, asked from three sides: the answer has to go the way that the question came. */
import { addresses } from '../../../src/lab/layout.ts';
import type { HostName } from '../../../src/lab/layout.ts';
import type { World } from '../../../src/lab/world.ts';
import { gatewayOf } from './gateway-link.ts';

export const askers = ['the node’s LAN', 'the isp’s side', 'the node itself'] as const;
export type Asker = (typeof askers)[number];

/** Who asks, and from which address. */
const places: Readonly<Record<Asker, readonly [host: HostName, address: string]>> = {
  'the node’s LAN': ['switch', '192.168.50.77'],
  'the isp’s side': ['isp', addresses.internet],
  'the node itself': ['node1', addresses.node1],
};

export interface PublishedCell {
  readonly answer: string;
  /** packets of it that were sent to the gateway */
  readonly atGateway: number;
}

/** A host of the LAN, beside the gateway and the isp. */
export async function joinLan({ hosts }: World): Promise<void> {
  const [host, address] = places['the node’s LAN'];
  await hosts[host].run(['ip', 'address', 'add', `${address}/24`, 'dev', 'lan']);
}

const askProgram = `
const [localAddress, host, port] = process.argv.slice(1);
const socket = require('node:net').connect({ localAddress, host, port });
socket.on('data', (answer) => { console.log(String(answer).trim()); process.exit(); });
socket.on('error', (error) => { console.log(error.code); process.exit(); });
setTimeout(() => process.exit(), 3000);
`;

export async function askPublished(world: World, asker: Asker, port: number): Promise<PublishedCell> {
  const [host, address] = places[asker];
  const { address: gateway } = await gatewayOf(world);
  const capture = await world.capture('gw1', 'eth0', `ether dst ${gateway} and tcp and host ${address}`);
  const argv = [process.execPath, '-e', askProgram, address, addresses.node1, String(port)];
  const { stdout } = await world.hosts[host].exec.run(argv);
  return { answer: stdout.trim(), atGateway: (await capture.stop()).length };
}
