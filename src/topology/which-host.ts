/** Finds the host of the file that this machine is. */
import type { Address } from '../address/cidr.ts';
import { MustredirectError } from '../error.ts';
import type { Spec } from '../spec/spec.ts';

export interface Hints {
  /** host name from the user, and its origin: `--host` or `MUSTREDIRECT_HOST` */
  readonly asked?: { readonly name: string; readonly by: string };
  /** addresses of this machine, with or without prefix length */
  readonly addresses: readonly Address[];
}

export function whichHost(spec: Spec, { asked, addresses }: Hints): string {
  const names = Object.keys(spec.hosts);
  if (asked) {
    if (names.includes(asked.name)) return asked.name;
    throw new MustredirectError('usage', `${asked.by}: no host ${asked.name} in the file`, {
      hint: `the file has ${names.join(', ')}`,
    });
  }
  const own = new Set(addresses.map((address) => address.split('/')[0]));
  const matching = names.filter((name) => spec.hosts[name]?.some((address) => own.has(address)));
  const [first, ...more] = matching;
  if (first !== undefined && more.length === 0) return first;
  const compared = `this machine has ${[...own].join(', ') || 'no address'}; the file has ${listHosts(spec)}`;
  throw new MustredirectError(
    'usage',
    first === undefined
      ? 'no host in the file has an address of this machine'
      : `several hosts in the file have addresses of this machine: ${matching.join(', ')}`,
    { hint: `${compared}; say which with --host NAME or MUSTREDIRECT_HOST` },
  );
}

function listHosts({ hosts }: Spec): string {
  return Object.entries(hosts)
    .map(([name, addresses]) => `${name} ${addresses.join(' ')}`)
    .join(', ');
}
