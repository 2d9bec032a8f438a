/** Address of the API: `9479` on loopback, `127.0.0.1:9479`, `[2001:db8::1]:9479`. Pure. */
import { type Address, contains, familyOf, parseAddress } from '../../address/cidr.ts';

export interface ListenAddress {
  readonly address: Address;
  readonly port: number;
}

const loopback = { 4: '127.0.0.0/8', 6: '::1/128' } as const;

/** @returns undefined for any other text */
export function parseListenAddress(text: string): ListenAddress | undefined {
  const [, before, port = ''] = /^(?:(.*):)?([1-9]\d{0,4})$/.exec(text) ?? [];
  if (Number(port) < 1 || Number(port) > 65_535) return undefined;
  const address = before === undefined ? '127.0.0.1' : addressIn(before);
  return address === undefined ? undefined : { address, port: Number(port) };
}

/** IPv6 addresses are in brackets, as in a URL. */
function addressIn(text: string): Address | undefined {
  const [, inBrackets] = /^\[(.*)\]$/.exec(text) ?? [];
  const address = parseAddress(inBrackets ?? text);
  if (address === undefined) return undefined;
  return (familyOf(address) === 6) === (inBrackets !== undefined) ? address : undefined;
}

/** Whether only programs of this host, and of this network namespace, reach it. */
export function isLoopback({ address }: ListenAddress): boolean {
  return contains(loopback[familyOf(address)], address);
}

export function listenText({ address, port }: ListenAddress): string {
  return `${familyOf(address) === 6 ? `[${address}]` : address}:${port}`;
}
