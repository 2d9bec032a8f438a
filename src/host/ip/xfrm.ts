/** Reads our xfrm policies. `ip xfrm` prints no JSON. */
import { familyOf, longSubnet, parseSubnet } from '../../address/cidr.ts';
import type { XfrmPolicy } from '../../kinds/xfrm-policy/schema.ts';
import { ownPriorities } from '../../kinds/ownership.ts';
import { notUnderstood } from './json.ts';

/** @param text output of `ip xfrm policy list` */
export function decodePolicies(argv: readonly string[], text: string): XfrmPolicy[] {
  if (text !== '' && !text.startsWith('src ')) throw notUnderstood(argv);
  return text.split(/^(?=src )/m).flatMap(ownPolicy);
}

const forwarded =
  /^src ([\da-f.:/]+) dst (?:0\.0\.0\.0|::)\/0\s+dir fwd (action block )?priority (\d+) .*(?:\s+mark (0x[0-9a-f]+)\/(0x[0-9a-f]+))?\s*$/;

function ownPolicy(text: string): XfrmPolicy[] {
  const [, from = '', block, priority, bit, mask] = forwarded.exec(text) ?? [];
  const blocks = block !== undefined && bit === undefined && Number(priority) === ownPriorities.block;
  const allows =
    block === undefined && bit !== undefined && bit === mask && Number(priority) === ownPriorities.allow;
  if (!blocks && !allows) return [];
  const subnet = parseSubnet(longSubnet(from));
  if (typeof subnet !== 'string') return [];
  const own = { kind: 'xfrm-policy', family: familyOf(subnet), from: subnet } as const;
  return [{ ...own, ...(allows ? { bit: Number(bit) } : {}) }];
}
