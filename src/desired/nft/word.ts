import type { Family } from '../../address/cidr.ts';

/** nft's word for a family: `ip saddr`. */
export function word(family: Family): 'ip' | 'ip6' {
  return family === 4 ? 'ip' : 'ip6';
}
