/** Schema fields shared by several kinds. */
import * as z from 'zod';
import { parseAddress, parseSubnet } from '../address/cidr.ts';

export const family = z.literal([4, 6]);
export const strings = z.array(z.string());
export const subnet = z.string().refine((text) => typeof parseSubnet(text) === 'string', 'not a subnet');
export const address = z.string().refine((text) => parseAddress(text) !== undefined, 'not an address');

/**
 * Name of a sysctl in a state file. It becomes a path and a program argument: it must not lead elsewhere or be an
 * option.
 */
export const sysctlName = z
  .string()
  .regex(
    /^net[./](?:ipv[46][./](?!.*(?:^|\/)\.\.?(?:\/|$))[^\0\s]+|netfilter\.nf_conntrack_[a-z]+)$/,
    'not a setting of ours',
  );
export const networkName = z.string().regex(/^[a-zA-Z0-9][\w.-]*$/, 'not a network name');
export const confFile = z
  .string()
  .regex(/^\/(?!.*(?:^|\/)\.\.?\/)[^\0]+\.(?:conflist|conf|json)$/, 'not a network file');
