/**
 * Tunnels that accept encapsulated packets from any sender. The kernel compares the sender with `remote` for all kinds
 * except VXLAN and bareudp, which check only the UDP port and the network identifier (drivers/net/vxlan, vxlan_rcv).
 */

/** kind in `ip -d link` -> default UDP port; undefined: none */
const udpPorts: Readonly<Record<string, number>> = { vxlan: 8472, geneve: 6081, bareudp: 6635 };
const ignoresRemote: ReadonlySet<string> = new Set(['vxlan', 'bareudp']);
/** IP protocol numbers */
const protocols: Readonly<Record<string, string>> = {
  gre: '47',
  gretap: '47',
  erspan: '47',
  ip6gre: '47',
  ip6gretap: '47',
  ip6erspan: '47',
  ipip: '4',
  sit: '{ 4, 41 }',
  ip6tnl: '{ 4, 41 }',
};
const anySender: ReadonlySet<unknown> = new Set([undefined, 'any', '0.0.0.0', '::']);

/**
 * nft expression that matches packets to the tunnel; undefined for other links.
 * @param data `info_data` of `ip -j -d link`
 */
export function openTunnel(
  kind: string | undefined,
  data: Readonly<Record<string, unknown>>,
): string | undefined {
  if (kind === undefined) return undefined;
  const isOpen = ignoresRemote.has(kind) || (anySender.has(data['remote']) && anySender.has(data['remote6']));
  if (!isOpen) return undefined;
  const defaultPort = Object.hasOwn(udpPorts, kind) ? udpPorts[kind] : undefined;
  if (defaultPort !== undefined) {
    const { port } = data;
    return `udp dport ${typeof port === 'number' && port > 0 ? port : defaultPort}`;
  }
  return Object.hasOwn(protocols, kind) ? `meta l4proto ${protocols[kind]}` : undefined;
}
