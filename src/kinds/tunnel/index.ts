/** Tunnel device of an uplink. The kernel keeps no owner of a device: ours are in link group 136, from their first moment. */
import { printList } from '../list.ts';
import type { ChangeOf, Move, ObjectKind } from '../object-kind.ts';
import { ownLinkGroup } from '../ownership.ts';
import type { TunnelAction } from './action.ts';
import { ipTunnelArguments, printIpTunnel } from './ip-tunnel.ts';
import { type Tunnel, tunnelSchema } from './schema.ts';
import { newDevice, printWireguard, wireguardArguments } from './wireguard.ts';

export const tunnelKind: ObjectKind<Tunnel> = {
  name: 'tunnel',
  schema: tunnelSchema,
  // The kernel changes neither the kind of a device nor whether it has a GRE key. [measured on 6.1 and 7.2]
  key: (tunnel) =>
    `tunnel ${tunnel.device} ${tunnel.type}${'key' in tunnel && tunnel.key !== undefined ? ' with key' : ''}`,
  unordered: 'addresses',
  print: printTunnel,
  printDifference: (from, to) => `${printTunnel(to)} (was ${printBody(from)})`,
  moves: tunnelMoves,
};

function printTunnel(tunnel: Tunnel): string {
  return `tunnel ${tunnel.device}: ${printBody(tunnel)}`;
}

function printBody(tunnel: Tunnel): string {
  const { mtu, addresses, down } = tunnel;
  const ends = tunnel.type === 'wireguard' ? printWireguard(tunnel) : printIpTunnel(tunnel);
  const own = addresses.length === 0 ? '' : `, ${printList(addresses)}`;
  return `${ends} mtu ${mtu}${own}${down ? ', down' : ''}`;
}

function tunnelMoves(change: ChangeOf<Tunnel>): Move[] {
  switch (change.kind) {
    case 'add':
      return [{ rank: 'addTunnel', do: addition(change.to), undo: removal(change.to) }];
    case 'remove':
      return [{ rank: 'removeTunnel', do: removal(change.from), undo: addition(change.from) }];
    case 'change': {
      const { from, to } = change;
      return [{ rank: 'addTunnel', do: alteration(from, to), undo: alteration(to, from) }];
    }
  }
}

function action(device: string, lines: readonly string[], wireguard: readonly string[] = []): TunnelAction {
  return { kind: 'tunnel', device, lines, wireguard };
}

function removal({ device }: Tunnel): TunnelAction {
  return action(device, [`link delete dev ${device}`]);
}

function addition(tunnel: Tunnel): TunnelAction {
  const { device, addresses } = tunnel;
  const lines = [
    `link add name ${device} group ${ownLinkGroup} ${typeText(tunnel)}`,
    ...aliasLines(tunnel),
    ...addresses.map((one) => addressLine('add', one, device)),
    ...settingLines(tunnel),
  ];
  return action(device, lines, tunnel.type === 'wireguard' ? wireguardArguments(newDevice, tunnel) : []);
}

function alteration(from: Tunnel, to: Tunnel): TunnelAction {
  const { device } = to;
  const lines = [
    ...(typeText(from) === typeText(to) ? [] : [`link change dev ${device} ${typeText(to)}`]),
    ...(isAlikeText(aliasLines(from), aliasLines(to)) ? [] : aliasLines(to)),
    ...to.addresses
      .filter((one) => !from.addresses.includes(one))
      .map((one) => addressLine('add', one, device)),
    ...from.addresses
      .filter((one) => !to.addresses.includes(one))
      .map((one) => addressLine('delete', one, device)),
    ...settingLines(to),
  ];
  const both = from.type === 'wireguard' && to.type === 'wireguard';
  return action(device, lines, both ? wireguardArguments(from, to) : []);
}

function isAlikeText(a: readonly string[], b: readonly string[]): boolean {
  return a.join('\n') === b.join('\n');
}

function typeText(tunnel: Tunnel): string {
  return tunnel.type === 'wireguard' ? 'type wireguard' : ipTunnelArguments(tunnel);
}

/** So that the device tells where its keys are, when the file of mustredirect is gone. */
function aliasLines(tunnel: Tunnel): string[] {
  if (tunnel.type !== 'wireguard' || tunnel.privateKeyFile === undefined) return [];
  const { device, privateKeyFile, presharedKeyFile } = tunnel;
  // No blank, which would end the argument; the sign is in no path of a key, and means nothing to a shell.
  const alias = presharedKeyFile === undefined ? privateKeyFile : `${privateKeyFile}^${presharedKeyFile}`;
  return [`link set dev ${device} alias ${alias}`];
}

function settingLines({ device, mtu, down }: Tunnel): string[] {
  return [`link set dev ${device} mtu ${mtu} ${down ? 'down' : 'up'}`];
}

/** Without detection of duplicates, which a tunnel does not need, an IPv6 address is usable at once. */
function addressLine(verb: 'add' | 'delete', prefix: string, device: string): string {
  const nodad = verb === 'add' && prefix.includes(':') ? ' nodad' : '';
  return `address ${verb} ${prefix} dev ${device}${nodad}`;
}
