/** Names of tables and protocols in BIRD's configuration: the same in every run, so that no session is reset. */
import type { Family } from '../../address/cidr.ts';

/** BIRD's limit is 64 with the closing NUL. */
const longest = 60;

/**
 * Symbol of BIRD: letters, digits and underscores. A name of the file that has other characters, or is long, gets a
 * digest, so that two names never become the same symbol.
 */
function symbol(...parts: readonly string[]): string {
  const text = parts.join('_');
  const plain = text.replace(/\W/g, '_');
  return plain === text && plain.length <= longest
    ? plain
    : `${plain.slice(0, longest - 9)}_${digest(parts.join(' '))}`;
}

/** FNV-1a, 32 bits. */
function digest(text: string): string {
  return fnv(text).toString(16).padStart(8, '0');
}

export function fnv(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i += 1) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193) >>> 0;
  return hash;
}

/** Table with the routes of one gateway: `node_office4`. */
export function tableName(side: 'node' | 'member', gateway: string, family: Family): string {
  return symbol(side, `${gateway}${family}`);
}

/** Protocol that fills table `kernel_node_office4` of the kernel, and the like. */
export function protocolName(
  role: 'kernel' | 'subnets' | 'uplink' | 'announced' | 'ospf',
  table: string,
): string {
  return symbol(role, table);
}

/** Session with one host: `node_office_gw1_4`. */
export function sessionName(side: 'node' | 'member', gateway: string, peer: string, family: Family): string {
  const names = [gateway, peer];
  // Gateway `a` with host `b_c` is not gateway `a_b` with host `c`.
  const isPlain = names.every((name) => !name.includes('_'));
  return symbol(side, ...names, ...(isPlain ? [] : [digest(names.join(' '))]), String(family));
}

/** Constant with the password of a gateway's uplink, and the file that defines it: `secret_office`. */
export function secretName(gateway: string): string {
  return symbol('secret', gateway);
}

/** The same for the password of a gateway's nodes and members: `lan_secret_office`. */
export function lanSecretName(gateway: string): string {
  return symbol('lan_secret', gateway);
}
