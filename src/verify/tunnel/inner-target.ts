/** Address to ask through a tunnel: that of the far end, if it is known. */
import { type Address, familyOf, otherAddress } from '../../address/cidr.ts';
import type { Uplink } from '../../spec/spec.ts';
import type { Link } from '../../state/facts.ts';
import type { Target } from '../target.ts';

export interface InnerTarget {
  readonly address: Address;
  /** it is the far end itself; anything else may have its reasons not to answer this host */
  readonly isFarEnd: boolean;
}

/** @param others in order of preference; used only if the far end is not known */
export function innerTarget(
  { via = [] }: Pick<Uplink, 'via'>,
  { addresses, peers = [] }: Pick<Link, 'addresses' | 'peers'>,
  others: readonly Target[],
): InnerTarget | undefined {
  const farEnds = [
    ...via,
    ...peers.map((prefix) => prefix.split('/')[0] ?? ''),
    ...addresses.flatMap((prefix) => otherAddress(prefix) ?? []),
  ];
  // Most far ends have IPv4; either family shows whether packets come back.
  const farEnd = farEnds.find((address) => familyOf(address) === 4) ?? farEnds[0];
  if (farEnd !== undefined) return { address: farEnd, isFarEnd: true };
  const own = new Set(addresses.map(familyOf));
  const other = others.find(({ address }) => own.has(familyOf(address))) ?? others[0];
  return other && { address: other.address, isFarEnd: false };
}
