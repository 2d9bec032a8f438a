/** Target addresses of probe packets. */
import { type Address, type Family, type Subnet, contains, familyOf, parseAddress } from '../address/cidr.ts';
import { MustredirectError } from '../error.ts';

export interface Target {
  readonly address: Address;
  /** port for UDP and TCP */
  readonly port?: number;
}

/** Documentation addresses (RFC 5737, 3849 and 9637): routed like any other address, but without a host. */
const documentationAddresses: Readonly<Record<Family, readonly Address[]>> = {
  4: ['192.0.2.1', '198.51.100.1', '203.0.113.1'],
  6: ['2001:db8::1', '3fff::1', '2001:db8:ffff::1'],
};

/** Parses `ADDRESS`, `ADDRESS:PORT` or `[ADDRESS]:PORT`. Throws `usage` at the first other text. */
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
  if (isLinkScoped(address)) {
    throw new MustredirectError('usage', `--to ${text}: is a link-local or multicast address`, {
      hint: 'give the address of a host beyond the gateway',
    });
  }
  return port === undefined ? { address } : { address, port };
}

/** In an IPv6 address, a colon precedes a port only after brackets. */
function splitPort(text: string): {
  readonly host?: string | undefined;
  readonly portText?: string | undefined;
} {
  const [, bracketed, plain, portText] = /^(?:\[(.*:.*)\]|([^:]*))(?::(\d+))?$/.exec(text) ?? [];
  const host = bracketed ?? plain;
  return host === undefined ? { host: text } : { host, portText };
}

/** IPv6 link-local and multicast addresses, which no gateway forwards. */
function isLinkScoped(address: Address): boolean {
  return contains('fe80::/10', address) || contains('ff00::/8', address);
}

/** A target without a host, outside the subnets to avoid; undefined when none is left. */
export function unansweredTarget(avoid: readonly Subnet[], family: Family): Target | undefined {
  const near = avoid.filter((subnet) => familyOf(subnet) === family);
  const address = documentationAddresses[family].find(
    (candidate) => !near.some((subnet) => contains(subnet, candidate)),
  );
  return address ? { address } : undefined;
}
