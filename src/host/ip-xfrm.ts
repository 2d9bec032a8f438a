/** Reads our xfrm policies. `ip xfrm` prints no JSON. */
import { type Family, familyOf, longSubnet, parseSubnet } from '../address/cidr.ts';
import type { XfrmPolicy } from '../state/objects.ts';
import { ownPriorities } from '../state/ownership.ts';
import { ipError } from './ip-json.ts';
import type { Exec } from './ports.ts';

export interface Policies {
  readonly owned: readonly XfrmPolicy[];
  /** a kernel without them says so */
  readonly xfrm: boolean;
}

export async function readPolicies(exec: Exec, family: Family): Promise<Policies> {
  const argv = ['ip', `-${family}`, 'xfrm', 'policy', 'list'];
  const output = await exec.run(argv);
  // What socket(2) says where the kernel was built without them.
  if (output.stderr.includes('Protocol not supported')) return { owned: [], xfrm: false };
  if (output.exitCode !== 0) throw ipError(argv, output);
  return { owned: output.stdout.split(/^(?=src )/m).flatMap(ownPolicy), xfrm: true };
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
