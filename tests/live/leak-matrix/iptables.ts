/** Commands with iptables and ip6tables. */

const twice = (make: (iptables: string) => string): string => ['iptables', 'ip6tables'].map(make).join('; ');

export const clearTables = twice(
  (iptables) => `${iptables} -F; ${iptables} -t nat -F; ${iptables} -P FORWARD ACCEPT`,
);

export function masquerade(option: '-I' | '-D'): string {
  return twice((iptables) => `${iptables} -t nat ${option} POSTROUTING -j MASQUERADE`);
}

export const saveTables = twice((iptables) => `${iptables}-save >/run/saved-${iptables}`);
export const restoreTables = twice((iptables) => `${iptables}-restore </run/saved-${iptables}`);
