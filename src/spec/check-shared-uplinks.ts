/**
 * Settings of gateways that have one uplink device of one host: what two of them say about it must be right for both. Which
 * gateway a packet of a container is for, the routes tell; of a call from outside, only the address and the port do.
 */
import { familyOf } from '../address/cidr.ts';
import type { Check, Checked } from './check-context.ts';
import { type Path, type Place, type PlacedProblem, problemAt } from './tree.ts';

export const checkSharedUplinks: Check = (checked) => [...checkPorts(checked), ...checkMtus(checked)];

type DraftGateway = NonNullable<Checked['draft']['gateways']>[string];

interface Published {
  readonly gateway: string;
  /** the one address that it is published on; absent: all those of the host */
  readonly address: string | undefined;
  readonly place: Place;
}

function checkPorts({ draft, valuePlace }: Checked): PlacedProblem[] {
  const known = new Map<string, Published[]>();
  return Object.entries(draft.gateways ?? {}).flatMap(([gateway, entry]) =>
    (entry.publish ?? []).flatMap(({ port, proto = 'tcp', to }, i) => {
      if (port === undefined || to === undefined) return [];
      const family = familyOf(to);
      const what = `port ${port} of ${proto} IPv${family}`;
      const place = valuePlace(['gateways', gateway, 'publish', i, 'port']);
      const one: Published = { gateway, address: addressOf(entry, family), place };
      const clash = uplinksOf(entry).flatMap(({ host, device }) => {
        const key = JSON.stringify([host, device, what]);
        const others = known.get(key) ?? [];
        known.set(key, [...others, one]);
        const other = others.find((before) => before.gateway !== gateway && meet(before, one));
        return other ? [{ other, host, device }] : [];
      })[0];
      if (!clash) return [];
      const { other, host, device } = clash;
      const message = `${what} on ${device} of ${host} is published by gateway ${other.gateway} already (line ${other.place.line})`;
      const hint = 'give one of them another port, or each gateway an address of its own with `snat:`';
      return [problemAt(place, message, hint)];
    }),
  );
}

function meet(a: Published, b: Published): boolean {
  return a.address === undefined || b.address === undefined || a.address === b.address;
}

function addressOf({ snat }: DraftGateway, family: 4 | 6): string | undefined {
  return typeof snat === 'object' ? snat.find((address) => familyOf(address) === family) : undefined;
}

/** A device takes packets of one size, whoever sends by it. */
function checkMtus({ draft, valuePlace }: Checked): PlacedProblem[] {
  const first = new Map<string, { readonly mtu: number; readonly gateway: string; readonly path: Path }>();
  return Object.entries(draft.gateways ?? {}).flatMap(([gateway, entry]) =>
    uplinksOf(entry).flatMap(({ host, device, mtu, i }) => {
      if (mtu === undefined) return [];
      const key = JSON.stringify([host, device]);
      const path = ['gateways', gateway, 'members', i, 'uplink', 'mtu'];
      const other = first.get(key);
      if (!other) first.set(key, { mtu, gateway, path });
      if (!other || other.mtu === mtu) return [];
      const line = `line ${valuePlace(other.path).line}`;
      const message = `the mtu of ${device} of ${host} is ${other.mtu} for gateway ${other.gateway} (${line})`;
      return [problemAt(valuePlace(path), message, 'write the same for both: it is one device')];
    }),
  );
}

function uplinksOf({ members = [] }: DraftGateway) {
  return members.flatMap(({ host, uplink }, i) =>
    host === undefined || uplink?.device === undefined
      ? []
      : [{ host, device: uplink.device, mtu: uplink.mtu, i }],
  );
}
