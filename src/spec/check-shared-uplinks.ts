/**
 * Checks settings of gateways that share an uplink device of one host: two of them must not contradict each other.
 * Routes select the gateway for packets of containers; for connections from outside, only address and port do.
 */
import { type Family, familyOf } from '../address/cidr.ts';
import type { Check, CheckInput } from './check-context.ts';
import type { DraftGateway } from './schema.ts';
import { type Path, type SourcePosition, type RangedProblem, problemAt } from './tree.ts';

export const checkSharedUplinks: Check = (input) => [
  ...checkPorts(input),
  ...checkMtus(input),
  ...checkSameTunnel(input),
];

interface Published {
  readonly gateway: string;
  /** address that the port is published on; absent: all addresses of the host */
  readonly address: string | undefined;
  readonly position: SourcePosition;
}

function checkPorts({ draft, valuePosition }: CheckInput): RangedProblem[] {
  const known = new Map<string, Published[]>();
  return Object.entries(draft.gateways ?? {}).flatMap(([gateway, entry]) =>
    (entry.publish ?? []).flatMap(({ port, proto = 'tcp', to }, i) => {
      if (port === undefined || to === undefined) return [];
      const family = familyOf(to);
      const what = `port ${port} of ${proto} IPv${family}`;
      const position = valuePosition(['gateways', gateway, 'publish', i, 'port']);
      const one: Published = { gateway, address: addressOf(entry, family), position };
      const clash = uplinksOf(entry).flatMap(({ host, device }) => {
        const key = JSON.stringify([host, device, what]);
        const others = known.get(key) ?? [];
        known.set(key, [...others, one]);
        const other = others.find((before) => before.gateway !== gateway && addressesConflict(before, one));
        return other ? [{ other, host, device }] : [];
      })[0];
      if (!clash) return [];
      const { other, host, device } = clash;
      const message = `${what} on ${device} of ${host} is published by gateway ${other.gateway} already (line ${other.position.line})`;
      const hint = 'give one of them another port, or each gateway an address of its own with `snat:`';
      return [problemAt(position, message, hint)];
    }),
  );
}

function addressesConflict(a: Published, b: Published): boolean {
  return a.address === undefined || b.address === undefined || a.address === b.address;
}

function addressOf({ snat }: DraftGateway, family: Family): string | undefined {
  return typeof snat === 'object' ? snat.find((address) => familyOf(address) === family) : undefined;
}

/** The MTU belongs to the device, and is the same for all of its gateways. */
function checkMtus({ draft, valuePosition }: CheckInput): RangedProblem[] {
  const first = new Map<string, { readonly mtu: number; readonly gateway: string; readonly path: Path }>();
  return Object.entries(draft.gateways ?? {}).flatMap(([gateway, entry]) =>
    uplinksOf(entry).flatMap(({ host, device, mtu, i }) => {
      if (mtu === undefined) return [];
      const key = JSON.stringify([host, device]);
      const path = ['gateways', gateway, 'members', i, 'uplink', 'mtu'];
      const other = first.get(key);
      if (!other) first.set(key, { mtu, gateway, path });
      if (!other || other.mtu === mtu) return [];
      const line = `line ${valuePosition(other.path).line}`;
      const message = `the mtu of ${device} of ${host} is ${other.mtu} for gateway ${other.gateway} (${line})`;
      return [problemAt(valuePosition(path), message, 'write the same for both: it is one device')];
    }),
  );
}

/** A device is one tunnel with one list of addresses, or none that we make. */
function checkSameTunnel({ draft, valuePosition }: CheckInput): RangedProblem[] {
  const first = new Map<string, { readonly text: string; readonly gateway: string; readonly path: Path }>();
  return Object.entries(draft.gateways ?? {}).flatMap(([gateway, entry]) =>
    uplinksOf(entry).flatMap(({ host, device, uplink, i }) => {
      const key = JSON.stringify([host, device]);
      const text = JSON.stringify([uplink.gre, uplink.ipip, uplink.wireguard, uplink.addresses]);
      const path = ['gateways', gateway, 'members', i, 'uplink'];
      const other = first.get(key);
      if (!other) first.set(key, { text, gateway, path });
      if (!other || other.text === text) return [];
      const line = `line ${valuePosition(other.path).line}`;
      const message = `${device} of ${host} is another tunnel for gateway ${other.gateway} (${line})`;
      return [problemAt(valuePosition(path), message, 'write the same for both: it is one device')];
    }),
  );
}

function uplinksOf({ members = [] }: DraftGateway) {
  return members.flatMap(({ host, uplink }, i) =>
    host === undefined || uplink?.device === undefined
      ? []
      : [{ host, device: uplink.device, mtu: uplink.mtu, uplink, i }],
  );
}
