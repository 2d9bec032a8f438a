/** IP protocols as flow logs name them. Pure. */

/** Of the protocols that conntrack knows the most of; the others are numbers. */
const protocolNames: ReadonlyMap<number, string> = new Map([
  [1, 'icmp'],
  [6, 'tcp'],
  [17, 'udp'],
  [33, 'dccp'],
  [47, 'gre'],
  [50, 'esp'],
  [58, 'icmpv6'],
  [132, 'sctp'],
  [136, 'udplite'],
]);

export function protocolName(number: number): string {
  return protocolNames.get(number) ?? `${number}`;
}

/** The name in the log, from a name or a number, such as `6`; undefined: there is no such protocol. */
export function protocolOfText(text: string): string | undefined {
  if (/^\d{1,3}$/.test(text) && Number(text) < 256) return protocolName(Number(text));
  const name = text.toLowerCase();
  return knownProtocols.find((known) => known === name);
}

export const knownProtocols: readonly string[] = [...protocolNames.values()];
