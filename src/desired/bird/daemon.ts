/** The routing daemon that a host should run, and what keeps it from starting. */
import type { Facts } from '../../state/facts.ts';
import type { HostRole, RoutedGateway } from '../../topology/role.ts';
import type { Numbers } from '../allocate/numbers.ts';
import type { DesiredObject, Refusal } from '../redirect.ts';
import { birdConfig } from './config.ts';
import { lanLink } from './lan-ospf.ts';
import { secretsOf } from './secrets.ts';

/** Name of a gateway whose routes are exchanged -> reasons why the daemon cannot exchange them; mostly none */
export type LearnedGateways = ReadonlyMap<string, readonly Refusal[]>;

export function learnedGateways({ routed = [], addresses }: HostRole, facts: Facts): LearnedGateways {
  const { routing } = facts;
  return new Map(
    routed.map((gateway) => [
      gateway.name,
      [
        ...obstaclesOf(gateway.name, routing),
        ...secretsOf(gateway).flatMap(({ file }) => passwordObstacles(gateway.name, file, facts)),
        ...(gateway.sessions?.protocol === 'ospf' ? linkObstacles(gateway.name, addresses, facts) : []),
      ],
    ]),
  );
}

function obstaclesOf(gateway: string, routing: Facts['routing']): Refusal[] {
  if (!routing) return [];
  const taken = Object.entries(routing.takenPorts).map(([port, owner]) => ({
    message: `gateway ${gateway}: ${port}, which its routing daemon needs, is taken by ${owner}`,
    hint: port.startsWith('tcp')
      ? 'write another `port:` below `routing:`, or free the port: `ss -lntp` shows its owner'
      : 'leave `bfd:` out, or free the port: with `strict bind`, another BFD daemon can share it by address',
  }));
  if (routing.installed) return taken;
  return [
    {
      message: `gateway ${gateway}: program bird is not installed, which its routing needs`,
      hint: 'install it: apt-get install bird2; its own service is not needed: systemctl disable --now bird',
    },
    ...taken,
  ];
}

function passwordObstacles(gateway: string, file: string, { passwordFiles = {} }: Facts): Refusal[] {
  const { [file]: found } = passwordFiles;
  if (!found) return [];
  return [{ message: `gateway ${gateway}: password file ${file}: ${found.error}`, hint: found.hint }];
}

/** BGP needs addresses only; OSPF needs the device that has them. */
function linkObstacles(gateway: string, addresses: HostRole['addresses'], facts: Facts): Refusal[] {
  return addresses
    .filter((address) => !lanLink(address, facts))
    .map((address) => ({
      message: `gateway ${gateway}: no device of this host has the address ${address}, which OSPF runs on`,
      hint: 'give it to the device that leads to the other hosts of the gateway, or write the right one below `hosts:`',
    }));
}

/** One daemon for all gateways of the host but those that something is missing for: it must not close the others. */
export function desiredDaemon(
  role: HostRole,
  numbers: Numbers,
  learned: LearnedGateways,
  facts: Facts,
): DesiredObject[] {
  const routed = (role.routed ?? [])
    .filter(({ name }) => (learned.get(name) ?? []).length === 0)
    .map((gateway) => (facts.drained && gateway.side === 'member' ? drainedSide(gateway) : gateway));
  if (routed.length === 0) return [];
  const secrets = routed.flatMap(secretsOf);
  secrets.sort((a, b) => (a.name < b.name ? -1 : 1));
  const names = [...new Set(routed.map(({ name }) => name))];
  return [
    {
      object: {
        kind: 'routing-daemon',
        config: birdConfig({ ...role, routed }, numbers, facts),
        ...(secrets.length > 0 ? { secrets } : {}),
      },
      why: `exchange the routes of gateway${names.length > 1 ? 's' : ''} ${names.join(', ')}`,
    },
  ];
}

function drainedSide(gateway: RoutedGateway): RoutedGateway {
  const { uplink } = gateway;
  return { ...gateway, drained: true, ...(uplink ? { uplink: { ...uplink, drained: true } } : {}) };
}
