/** Words that the texts of several kinds have in common. */
import type { Family } from '../address/cidr.ts';

export function hex(value: number): string {
  return `0x${value.toString(16)}`;
}

/** As somebody types it: without a family, `ip` speaks of IPv4. */
export function ipCommand(family: Family): 'ip' | 'ip -6' {
  return family === 4 ? 'ip' : 'ip -6';
}

/** Not every rule and route shows by its addresses of which family it is. */
export function familyWord(family: Family): string {
  return family === 6 ? 'IPv6 ' : '';
}

export function iptablesProgram(family: Family): 'iptables' | 'ip6tables' {
  return family === 4 ? 'iptables' : 'ip6tables';
}
