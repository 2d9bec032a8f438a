/** `ip xfrm policy` of iproute2 6.1 on Linux 6.18, forward policies only. */
import { type Family, familyOf } from '../../src/address/cidr.ts';
import { inSubnet } from './address.ts';
import { type FakePolicy, type FakeState, unknownToFake } from './state.ts';
import { type Words, readNumber } from './words.ts';

const anywhere: Readonly<Record<Family, string>> = { 4: '0.0.0.0/0', 6: '::/0' };

/** Runs `xfrm policy add` and `xfrm policy delete`; returns the error, or undefined on success. */
export function changePolicy(state: FakeState, family: Family, words: Words): string | undefined {
  const verb = words.next();
  words.expect('src');
  const source = words.next();
  words.expect('dst', anywhere[family], 'dir', 'fwd');
  if (familyOf(source) !== family) unknownToFake(`xfrm policy of ${source} for IPv${family}`);
  const priority = words.take('priority') ? readNumber(words) : 0;
  const action = verb === 'add' ? readAction(words) : 'allow';
  const mark = words.take('mark') ? readMark(words) : 0;
  words.end();
  const policy = { source, priority, action, mark };
  if (verb === 'add') return addPolicy(state, policy);
  return verb === 'delete' ? deletePolicy(state, policy) : unknownToFake(`xfrm policy ${verb}`);
}

function readAction(words: Words): FakePolicy['action'] {
  words.expect('action');
  if (words.take('allow')) return 'allow';
  words.expect('block');
  return 'block';
}

function readMark(words: Words): number {
  const mark = readNumber(words);
  words.expect('mask');
  return readNumber(words) === mark ? mark : unknownToFake('a mark with another mask');
}

function addPolicy(state: FakeState, policy: FakePolicy): string | undefined {
  if (state.policies.some((other) => isSame(other, policy))) return 'RTNETLINK answers: File exists';
  state.policies = [...state.policies, policy];
  return undefined;
}

function deletePolicy(state: FakeState, policy: FakePolicy): string | undefined {
  const left = state.policies.filter((other) => !isSame(other, policy));
  if (left.length === state.policies.length) return 'RTNETLINK answers: No such file or directory';
  state.policies = left;
  return undefined;
}

/** Selector and mark identify a policy; the priority does not. */
function isSame(a: FakePolicy, b: FakePolicy): boolean {
  return a.source === b.source && a.mark === b.mark;
}

/** Lists the newest policy first. The action of allowing policies is not printed. */
export function listPolicies({ policies }: FakeState, family: Family): string {
  return policies
    .toReversed()
    .filter(({ source }) => familyOf(source) === family)
    .map(listPolicy)
    .join('');
}

function listPolicy({ source, priority, action, mark }: FakePolicy): string {
  const lines = [
    `src ${source} dst ${anywhere[familyOf(source)]} `,
    `\tdir fwd ${action === 'block' ? 'action block ' : ''}priority ${priority} ptype main `,
    ...(mark === 0 ? [] : [`\tmark 0x${mark.toString(16)}/0x${mark.toString(16)} `]),
  ];
  return `${lines.join('\n')}\n`;
}

export function printPolicy({ source, priority, action, mark }: FakePolicy): string {
  return `xfrm policy ${source} mark ${mark} ${action} priority ${priority}`;
}

/** The first policy that matches the packet decides. */
export function policyBlocks({ policies }: FakeState, source: string, mark: number): boolean {
  const [first] = policies
    .filter((policy) => inSubnet(policy.source, source) && (mark & policy.mark) === policy.mark)
    .toSorted((a, b) => a.priority - b.priority);
  return first?.action === 'block';
}
