/** Warns that this machine has no address of the file's host that the user selected. */
import { addressOf } from '../../addresses.ts';
import type { Facts } from '../../../state/facts.ts';
import type { HostRole } from '../../../topology/role.ts';
import type { Warning } from '../../redirect.ts';

export function otherHost({ host, addresses }: HostRole, { links }: Pick<Facts, 'links'>): Warning[] {
  const own = new Set(links.flatMap((link) => link.addresses.map(addressOf)));
  if (addresses.length === 0 || addresses.some((address) => own.has(address))) return [];
  return [
    {
      message: `host ${host} has ${addresses.join(' and ')} in the file, and this machine has no such address`,
      hint: 'if this is another host of the file, run it with `--host` and that name; `mustredirect destroy` takes away what was applied',
    },
  ];
}
