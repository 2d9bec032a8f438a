/** A published port, asked from three sides: the answer has to go the way that the question came. */
import type { Address, Family } from '../../../src/address/cidr.ts';
import { addressesOf } from '../../../src/lab/layout.ts';
import type { HostName } from '../../../src/lab/layout.ts';
import type { World } from '../../../src/lab/world.ts';
import { gatewayOf } from './gateway-link.ts';

export const askers = ['the node’s LAN', 'the isp’s side', 'the node itself'] as const;
export type Asker = (typeof askers)[number];

/** A host of the LAN, beside the gateway and the isp: the switch itself. */
const neighbour: Readonly<Record<Family, Address>> = { 4: '192.168.50.77', 6: '2001:db8:50::77' };

/** Who asks, and from which address. */
function placeOf(asker: Asker, family: Family): readonly [host: HostName, address: Address] {
  const { internet, node1 } = addressesOf(family);
  switch (asker) {
    case 'the node’s LAN':
      return ['switch', neighbour[family]];
    case 'the isp’s side':
      return ['isp', internet];
    case 'the node itself':
      return ['node1', node1];
  }
}

export interface PublishedCell {
  readonly answer: string;
  /** packets of it that were sent to the gateway */
  readonly atGateway: number;
}

export async function joinLan({ hosts }: World): Promise<void> {
  await hosts.switch.run(['ip', 'address', 'add', `${neighbour[4]}/24`, 'dev', 'lan']);
  await hosts.switch.run(['ip', 'address', 'add', `${neighbour[6]}/64`, 'dev', 'lan', 'nodad']);
}

const askProgram = `
const [localAddress, host, port] = process.argv.slice(1);
const socket = require('node:net').connect({ localAddress, host, port });
socket.on('data', (answer) => { console.log(String(answer).trim()); process.exit(); });
socket.on('error', (error) => { console.log(error.code); process.exit(); });
setTimeout(() => process.exit(), 3000);
`;

/** All of them at once. */
export async function askAll(
  world: World,
  family: Family,
  port: number,
): Promise<Readonly<Record<Asker, PublishedCell>>> {
  const cells = await Promise.all(
    askers.map(async (asker) => [asker, await askPublished(world, asker, family, port)] as const),
  );
  return Object.fromEntries(cells) as Record<Asker, PublishedCell>;
}

/** @param port of the node */
export async function askPublished(
  world: World,
  asker: Asker,
  family: Family,
  port: number,
): Promise<PublishedCell> {
  const [host, address] = placeOf(asker, family);
  const { address: gateway } = await gatewayOf(world);
  const capture = await world.capture('gw1', 'eth0', `ether dst ${gateway} and tcp and host ${address}`);
  const argv = [process.execPath, '-e', askProgram, address, addressesOf(family).node1, String(port)];
  const { stdout } = await world.hosts[host].exec.run(argv);
  return { answer: stdout.trim(), atGateway: (await capture.stop()).length };
}
