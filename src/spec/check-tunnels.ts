/** Checks tunnels of uplinks: their ends, their addresses, their device, and against each other. */
import { type Address, contains, familyOf, isLinkLocalPrefix, withoutHostBits } from '../address/cidr.ts';
import type { Check, CheckInput } from './check-context.ts';
import type { DraftGateway } from './schema.ts';
import { specialRangeOf } from './ranges.ts';
import { type Path, type RangedProblem, problemAt } from './tree.ts';

export const checkTunnels: Check = (input) => {
  const uplinks = Object.entries(input.draft.gateways ?? {}).flatMap(([gateway, { members = [] }]) =>
    members.flatMap(({ host, uplink }, i) =>
      uplink === undefined
        ? []
        : [{ gateway, host, uplink, path: ['gateways', gateway, 'members', i, 'uplink'] }],
    ),
  );
  return [...uplinks.flatMap((one) => checkUplink(input, one)), ...checkDistinct(input, uplinks)];
};

interface UplinkInFile {
  readonly gateway: string;
  readonly host: string | undefined;
  readonly uplink: NonNullable<NonNullable<DraftGateway['members']>[number]['uplink']>;
  readonly path: Path;
}

/** The kernel makes these when a tunnel module is loaded; they take packets that no other tunnel takes. */
const fallbackDevices = /^(gre0|gretap0|erspan0|tunl0|sit0|ip6tnl0|ip6gre0|ip_vti0|ip6_vti0)$/;

type ProblemAt = (key: Path, message: string, hint: string) => RangedProblem;

const kinds = ['gre', 'ipip', 'wireguard'] as const;

function checkUplink({ valuePosition }: CheckInput, { uplink, path }: UplinkInFile): RangedProblem[] {
  const { gre, ipip, wireguard, addresses = [], device = '' } = uplink;
  const at: ProblemAt = (key, message, hint) => problemAt(valuePosition([...path, ...key]), message, hint);
  const [kind, ...others] = kinds.filter((one) => uplink[one] !== undefined);
  if (kind === undefined) {
    const message = 'addresses are given to tunnels that mustredirect makes';
    return addresses.length === 0
      ? []
      : [at(['addresses'], message, 'add gre, ipip or wireguard, or leave addresses out')];
  }
  const { mtu } = gre ?? ipip ?? wireguard ?? {};
  const ends = gre ?? ipip ?? { local: undefined, remote: wireguard?.endpoint?.address };
  return [
    ...others.map((other) =>
      at([other], `an uplink is one tunnel, and ${kind} is there too`, 'keep one of them'),
    ),
    ...(fallbackDevices.test(device)
      ? [
          at(
            ['device'],
            `${device} is the name of a device that the kernel makes`,
            'choose another, such as gre1',
          ),
        ]
      : []),
    ...checkKeyFiles(at, wireguard),
    ...(mtu !== undefined && uplink.mtu !== undefined && mtu !== uplink.mtu
      ? [at([kind, 'mtu'], `the mtu of the uplink is ${uplink.mtu}`, 'write it once')]
      : []),
    ...checkEnds(at, kind, ends),
    ...addresses.flatMap((prefix, i) => checkAddress(at, prefix, i, { ...ends, kind })),
    ...missingLinkLocal(at, uplink),
  ];
}

/** The other tunnels have link-local addresses from the kernel. */
function missingLinkLocal(
  at: ProblemAt,
  { wireguard, routing, addresses = [] }: UplinkInFile['uplink'],
): RangedProblem[] {
  const hasIpv6 = addresses.some((prefix) => prefix.includes(':'));
  if (!wireguard || routing?.protocol !== 'ospf' || !hasIpv6 || addresses.some(isLinkLocalPrefix)) return [];
  const message = 'OSPF over IPv6 needs a link-local address, and a WireGuard device has none of its own';
  return [
    at(['addresses'], message, 'add one, such as fe80::1/64, and another at the far end, such as fe80::2/64'),
  ];
}

/** Both paths are the alias of the device, for which the kernel has 255 bytes. */
const pathsAtMost = 254;

function checkKeyFiles(at: ProblemAt, wireguard: UplinkInFile['uplink']['wireguard']): RangedProblem[] {
  const { private_key_file: own, preshared_key_file: shared } = wireguard ?? {};
  if (own === undefined || shared === undefined) return [];
  const key = ['wireguard', 'preshared_key_file'];
  if (own === shared)
    return [at(key, 'it is the file of the private key', 'write each key into its own file')];
  if (own.length + shared.length <= pathsAtMost) return [];
  const message = `the two paths of its keys have more than ${pathsAtMost} characters together`;
  return [at(key, message, 'move the files to a shorter path')];
}

interface Ends {
  readonly local?: Address | undefined;
  readonly remote?: Address | undefined;
}

function checkEnds(at: ProblemAt, kind: string, { local, remote }: Ends): RangedProblem[] {
  const problems: RangedProblem[] = [];
  if (local === undefined || remote === undefined) return problems;
  if (local === remote) {
    const hint = 'remote is the address of the far end';
    problems.push(at([kind, 'remote'], 'local and remote are the same address', hint));
  }
  if (familyOf(local) !== familyOf(remote)) {
    const message = `local is IPv${familyOf(local)}, and remote is IPv${familyOf(remote)}`;
    problems.push(at([kind, 'remote'], message, 'write both in one family'));
  }
  return problems;
}

function checkAddress(
  at: ProblemAt,
  prefix: string,
  i: number,
  { kind, local, remote }: Ends & { readonly kind: string },
): RangedProblem[] {
  const [address = ''] = prefix.split('/');
  const key = ['addresses', i];
  const range = kind === 'wireguard' && isLinkLocalPrefix(prefix) ? undefined : specialRangeOf(address);
  if (range !== undefined)
    return [at(key, `${address} is ${range}`, 'write an address of the tunnel network')];
  if (local === address) {
    return [at(key, `${address} is where the tunnel starts`, 'write the address inside the tunnel')];
  }
  if (remote === undefined || !contains(withoutHostBits(prefix), remote)) return [];
  const hint = `choose a network for the tunnel that does not contain ${remote}`;
  return [at(key, `${remote}, the far end, would be reached through the tunnel itself`, hint)];
}

/** Property that two tunnels of one host may not share, as a text; what they share, and how to mend it, in words. */
interface Distinction {
  readonly key: string;
  readonly same: string;
  readonly hint: string;
}

/** The kernel tells packets of two tunnels apart by ends and key, or by port, and the far end knows a peer by its key. */
function distinctionsOf({ gre, ipip, wireguard }: UplinkInFile['uplink']): Distinction[] {
  const tunnel = gre ?? ipip;
  if (tunnel?.local !== undefined && tunnel.remote !== undefined) {
    const key = JSON.stringify([gre ? 'gre' : 'ipip', tunnel.local, tunnel.remote, gre?.key]);
    return [{ key, same: 'ends and key', hint: 'give one of them another key' }];
  }
  const { private_key_file: file, peer, listen_port: port } = wireguard ?? {};
  return [
    ...(port === undefined
      ? []
      : [{ key: `port ${port}`, same: 'listen_port', hint: 'give one of them another port' }]),
    ...(file === undefined || peer === undefined
      ? []
      : [{ key: `peer ${file} ${peer}`, same: 'key and peer', hint: 'give one of them a key of its own' }]),
  ];
}

function checkDistinct({ valuePosition }: CheckInput, uplinks: readonly UplinkInFile[]): RangedProblem[] {
  const first = new Map<string, UplinkInFile>();
  return uplinks.flatMap((one) => {
    const { gateway, host, uplink, path } = one;
    if (host === undefined) return [];
    return distinctionsOf(uplink).flatMap(({ key, same, hint }) => {
      const other = first.get(`${host} ${key}`);
      if (!other) first.set(`${host} ${key}`, one);
      if (!other || other.uplink.device === uplink.device) return [];
      const line = `line ${valuePosition(other.path).line}`;
      const message = `${String(uplink.device)} has the same ${same} as ${String(other.uplink.device)} of gateway ${other.gateway} (${line})`;
      return [problemAt(valuePosition(path), message, `${hint}, or gateway ${gateway} the other device`)];
    });
  });
}
