/** Reads our xfrm policies. `ip xfrm` prints no JSON. */
import type { XfrmPolicy } from '../state/objects.ts';
import { ownPriorities } from '../state/ownership.ts';
import { ipError } from './ip-json.ts';
import type { Exec } from './ports.ts';

export interface Policies {
  readonly owned: readonly XfrmPolicy[];
  /** a kernel without them says so */
  readonly xfrm: boolean;
}

export async function readPolicies(exec: Exec): Promise<Policies> {
  const argv = ['ip', '-4', 'xfrm', 'policy', 'list'];
  const output = await exec.run(argv);
  // What socket(2) says where the kernel was built without them.
  if (output.stderr.includes('Protocol not supported')) return { owned: [], xfrm: false };
  if (output.exitCode !== 0) throw ipError(argv, output);
  return { owned: output.stdout.split(/^(?=src )/m).flatMap(ownPolicy), xfrm: true };
}

const forwarded =
  /^src ([\d./]+) dst 0\.0\.0\.0\/0\s+dir fwd (action block )?priority (\d+) .*(?:\s+mark (0x[0-9a-f]+)\/(0x[0-9a-f]+))?\s*$/;

function ownPolicy(text: string): XfrmPolicy[] {
  const [, from = '', block, priority, bit, mask] = forwarded.exec(text) ?? [];
  const blocks = block !== undefined && bit === undefined && Number(priority) === ownPriorities.block;
  const allows =
    block === undefined && bit !== undefined && bit === mask && Number(priority) === ownPriorities.allow;
  if (!blocks && !allows) return [];
  const subnet = from.includes('/') ? from : `${from}/32`;
  return [{ kind: 'xfrm-policy', family: 4, from: subnet, ...(allows ? { bit: Number(bit) } : {}) }];
}
