/** Where the packets of a verification go. */
import { type Address, type Subnet, contains, familyOf, parseAddress } from '../../address/cidr.ts';
import { MustredirectError } from '../../error.ts';

export interface Target {
  readonly address: Address;
  /** for UDP and TCP */
  readonly port?: number;
}

/** RFC 5737, addresses for documentation: routed like any other on the way out, and nobody answers. */
const documentationAddresses = ['192.0.2.1', '198.51.100.1', '203.0.113.1'];

/** Reads `ADDRESS` or `ADDRESS:PORT`. Throws `usage` at the first that is neither. */
export function parseTargets(texts: readonly string[]): Target[] {
  return texts.map(parseTarget);
}

function parseTarget(text: string): Target {
  const [, host = '', portText] = /^(.*?)(?::(\d+))?$/.exec(text) ?? [];
  if (parseAddress(text.replaceAll(/^\[|\](:\d+)?$/g, ''))?.includes(':')) {
    throw new MustredirectError('usage', `--to ${text}: IPv6 targets cannot be verified yet`, {
      hint: 'give an IPv4 address',
    });
  }
  const address = parseAddress(host);
  const port = portText === undefined ? undefined : Number(portText);
  if (!address || port === 0 || (port ?? 0) > 65_535) {
    throw new MustredirectError('usage', `--to ${text}: not an address, or an address and a port`, {
      hint: `write it like 192.0.2.7 or 192.0.2.7:443; getent ahostsv4 NAME tells the address of a name`,
    });
  }
  return port === undefined ? { address } : { address, port };
}

/** A target that nobody answers, outside the subnets to avoid; nothing when none is left. */
export function unansweredTarget(avoid: readonly Subnet[]): Target | undefined {
  const ipv4 = avoid.filter((subnet) => familyOf(subnet) === 4);
  const address = documentationAddresses.find((candidate) => !ipv4.some((s) => contains(s, candidate)));
  return address ? { address } : undefined;
}
