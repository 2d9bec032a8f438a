import type { Family } from '../../address/cidr.ts';

/** nft's keyword for a family, as in `ip saddr`. */
export function ipKeyword(family: Family): 'ip' | 'ip6' {
  return family === 4 ? 'ip' : 'ip6';
}
