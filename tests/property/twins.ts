/** IPv6 twins of IPv4 addresses, so that both families are tested alike. */
import { type Family, parseAddress, parseSubnet } from '../../src/address/cidr.ts';

/** `10.0.1.0/24` -> `2001:db8:4::a00:100/120`, `10.0.1.5` -> `2001:db8:4::a00:105` */
export function twin(text: string): string {
  const [address = '', length] = text.split('/');
  const whole = `2001:db8:4::${address}`;
  const found = length === undefined ? parseAddress(whole) : parseSubnet(`${whole}/${Number(length) + 96}`);
  if (typeof found !== 'string') throw new Error(`no address or subnet: ${text}`);
  return found;
}

/** @param text IPv4 address or subnet */
export function inFamily(family: Family, text: string): string {
  return family === 4 ? text : twin(text);
}

export function inBoth(texts: readonly string[]): string[] {
  return [...texts, ...texts.map(twin)];
}
