/** `ip xfrm policy`, as iproute2 6.1 on Linux 6.18 has it: those about what is forwarded. */
import { type Family, familyOf } from '../../src/address/cidr.ts';
import { inSubnet } from './address.ts';
import { type FakePolicy, type FakeState, unknownToFake } from './state.ts';
import { type Words, readNumber } from './words.ts';

const anywhere: Readonly<Record<Family, string>> = { 4: '0.0.0.0/0', 6: '::/0' };

/** What `xfrm policy add` and `xfrm policy delete` say, nothing when they have done it. */
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

/** The selector and the mark tell one from another; the priority does not. */
function isSame(a: FakePolicy, b: FakePolicy): boolean {
  return a.source === b.source && a.mark === b.mark;
}

/** The last one that was made comes first. Those that allow do not say so. */
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

/** The first that speaks of the packet decides. */
export function policyBlocks({ policies }: FakeState, source: string, mark: number): boolean {
  const [first] = policies
    .filter((policy) => inSubnet(policy.source, source) && (mark & policy.mark) === policy.mark)
    .toSorted((a, b) => a.priority - b.priority);
  return first?.action === 'block';
}
