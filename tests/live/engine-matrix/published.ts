/** Requests to a published port from all sides: the reply must take the path of the request. */
import type { Address, Family } from '../../../src/address/cidr.ts';
import { inNetwork } from '../../../src/host/process/namespaces.ts';
import { addressesOf } from '../../../src/lab/layout.ts';
import type { HostName } from '../../../src/lab/layout.ts';
import type { World } from '../../../src/lab/world.ts';
import { type Container, addressOf } from './container.ts';
import { gatewayOf } from './gateway-link.ts';

export const askers = ['the node’s LAN', 'the isp’s side', 'the node itself', 'another container'] as const;
export type Asker = (typeof askers)[number];

/** Port of the node that a container publishes. */
export interface Published {
  readonly family: Family;
  readonly port: number;
  /** another container of the same network */
  readonly neighbour: Container;
}

/** Host on the LAN besides gateway and isp: the switch. */
const lanHost: Readonly<Record<Family, Address>> = { 4: '192.168.50.77', 6: '2001:db8:50::77' };

interface Place {
  readonly host: HostName;
  readonly address: Address;
  /** network namespace, if not the host's own */
  readonly where?: number | string;
}

/** Host and address that send the request. */
function placeOf(asker: Asker, { family, neighbour }: Published): Place {
  const { internet, node1 } = addressesOf(family);
  switch (asker) {
    case 'the node’s LAN':
      return { host: 'switch', address: lanHost[family] };
    case 'the isp’s side':
      return { host: 'isp', address: internet };
    case 'the node itself':
      return { host: 'node1', address: node1 };
    case 'another container':
      return { host: 'node1', address: addressOf(neighbour, family), where: neighbour.where };
  }
}

export interface PublishedCell {
  readonly answer: string;
  /** number of its packets that were sent to the gateway */
  readonly atGateway: number;
}

export async function joinLan({ hosts }: World): Promise<void> {
  await hosts.switch.run(['ip', 'address', 'add', `${lanHost[4]}/24`, 'dev', 'lan']);
  await hosts.switch.run(['ip', 'address', 'add', `${lanHost[6]}/64`, 'dev', 'lan', 'nodad']);
}

const askProgram = `
const [localAddress, host, port] = process.argv.slice(1);
const socket = require('node:net').connect({ localAddress, host, port });
socket.on('data', (answer) => { console.log(String(answer).trim()); process.exit(); });
socket.on('error', (error) => { console.log(error.code); process.exit(); });
setTimeout(() => process.exit(), 3000);
`;

/** Sends all requests in parallel. */
export async function askAll(
  world: World,
  published: Published,
): Promise<Readonly<Record<Asker, PublishedCell>>> {
  const cells = await Promise.all(
    askers.map(async (asker) => [asker, await askPublished(world, asker, published)] as const),
  );
  return Object.fromEntries(cells) as Record<Asker, PublishedCell>;
}

export async function askPublished(world: World, asker: Asker, published: Published): Promise<PublishedCell> {
  const { host, address, where } = placeOf(asker, published);
  const { address: gateway } = await gatewayOf(world);
  const capture = await world.capture('gw1', 'eth0', `ether dst ${gateway} and tcp and host ${address}`);
  const { node1 } = addressesOf(published.family);
  const argv = [process.execPath, '-e', askProgram, address, node1, String(published.port)];
  const { stdout } = await world.hosts[host].exec.run(where === undefined ? argv : inNetwork(where, argv));
  return { answer: stdout.trim(), atGateway: (await capture.stop()).length };
}
