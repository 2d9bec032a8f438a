/** `ip xfrm policy`: blocks forwarded packets that our nft rules have not marked, even without our table. */
import { anywhere } from '../../address/cidr.ts';
import { ipLine } from '../ip-batch/action.ts';
import { type ChangeOf, type Move, type ObjectKind, objectOfChange } from '../object-kind.ts';
import { ownPriorities } from '../ownership.ts';
import { hex } from '../words.ts';
import { type XfrmPolicy, xfrmPolicySchema } from './schema.ts';

export const xfrmPolicyKind: ObjectKind<XfrmPolicy> = {
  name: 'xfrm-policy',
  schema: xfrmPolicySchema,
  key: ({ family, from, bit }) => `xfrm-policy ${family} ${from} ${bit ?? 'block'}`,
  neverChanges: true,
  print: ({ from, bit }) =>
    bit === undefined
      ? `xfrm policy: block what else is forwarded from ${from}`
      : `xfrm policy: allow what is forwarded from ${from} with mark ${hex(bit)}`,
  moves: policyMoves,
};

function policyMoves(change: ChangeOf<XfrmPolicy>): Move[] {
  const policy = objectOfChange(change);
  const { family } = policy;
  const [add, remove] = [ipLine(family, addPolicy(policy)), ipLine(family, deletePolicy(policy))];
  return change.kind === 'remove'
    ? [{ rank: 'removePolicy', do: remove, undo: add }]
    : [{ rank: 'addPolicy', do: add, undo: remove }];
}

function addPolicy(policy: XfrmPolicy): string {
  const action = policy.bit === undefined ? 'block' : 'allow';
  return `xfrm policy add ${selector(policy)} priority ${ownPriorities[action]} action ${action}${mark(policy)}`;
}

function deletePolicy(policy: XfrmPolicy): string {
  return `xfrm policy delete ${selector(policy)}${mark(policy)}`;
}

function selector({ family, from }: XfrmPolicy): string {
  return `src ${from} dst ${anywhere[family]} dir fwd`;
}

/** iproute2 6.1 cannot delete a policy with mark zero: none of our policies has one. */
function mark({ bit }: XfrmPolicy): string {
  return bit === undefined ? '' : ` mark ${hex(bit)} mask ${hex(bit)}`;
}
