/** Targets of the probe packets. */
import { type Address, type Family, type Subnet, contains, familyOf, parseAddress } from '../address/cidr.ts';
import { MustredirectError } from '../error.ts';

export interface Target {
  readonly address: Address;
  /** for UDP and TCP */
  readonly port?: number;
}

/** RFC 5737, 3849 and 9637, for documentation: routed like any other on the way out, and nobody answers. */
const documentationAddresses: Readonly<Record<Family, readonly Address[]>> = {
  4: ['192.0.2.1', '198.51.100.1', '203.0.113.1'],
  6: ['2001:db8::1', '3fff::1', '2001:db8:ffff::1'],
};

/** Reads `ADDRESS`, `ADDRESS:PORT` or `[ADDRESS]:PORT`. Throws `usage` at the first that is none of them. */
export function parseTargets(texts: readonly string[]): Target[] {
  return texts.map(parseTarget);
}

function parseTarget(text: string): Target {
  const { host = '', portText } = splitPort(text);
  const address = parseAddress(host);
  const port = portText === undefined ? undefined : Number(portText);
  if (!address || port === 0 || (port ?? 0) > 65_535) {
    throw new MustredirectError('usage', `--to ${text}: not an address, or an address and a port`, {
      hint: 'write it like 192.0.2.7, 192.0.2.7:443 or [2001:db8::7]:443; getent ahosts NAME tells the addresses of a name',
    });
  }
  if (isOfOneLink(address)) {
    throw new MustredirectError('usage', `--to ${text}: is a link-local or multicast address`, {
      hint: 'give the address of a host beyond the gateway',
    });
  }
  return port === undefined ? { address } : { address, port };
}

/** The colons of an IPv6 address are none before a port, unless it stands in brackets. */
function splitPort(text: string): {
  readonly host?: string | undefined;
  readonly portText?: string | undefined;
} {
  const [, bracketed, plain, portText] = /^(?:\[(.*:.*)\]|([^:]*))(?::(\d+))?$/.exec(text) ?? [];
  const host = bracketed ?? plain;
  return host === undefined ? { host: text } : { host, portText };
}

/** Link-local and multicast addresses of IPv6: no gateway passes them on. */
function isOfOneLink(address: Address): boolean {
  return contains('fe80::/10', address) || contains('ff00::/8', address);
}

/** A target that nobody answers, outside the subnets to avoid; nothing when none is left. */
export function unansweredTarget(avoid: readonly Subnet[], family: Family): Target | undefined {
  const near = avoid.filter((subnet) => familyOf(subnet) === family);
  const address = documentationAddresses[family].find(
    (candidate) => !near.some((subnet) => contains(subnet, candidate)),
  );
  return address ? { address } : undefined;
}
