/** Text helpers shared by several kinds. */
import type { Family } from '../address/cidr.ts';

export function hex(value: number): string {
  return `0x${value.toString(16)}`;
}

/** Command as typed: without an option, `ip` means IPv4. */
export function ipCommand(family: Family): 'ip' | 'ip -6' {
  return family === 4 ? 'ip' : 'ip -6';
}

/** Names the family, which addresses alone do not always show. */
export function familyWord(family: Family): string {
  return family === 6 ? 'IPv6 ' : '';
}

export function iptablesProgram(family: Family): 'iptables' | 'ip6tables' {
  return family === 4 ? 'iptables' : 'ip6tables';
}
