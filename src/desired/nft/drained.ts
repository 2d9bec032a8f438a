/**
 * How a member that an operator has drained on itself tells its nodes: replies to their pings have a time to live that no
 * host begins with. They stay replies, so that neither a firewall that refuses pings nor the kernel's limit of ICMP errors
 * looks like a drain, or hides one.
 */
import { type Address, type Family, families, familyOf } from '../../address/cidr.ts';
import type { NftSet } from '../../kinds/nft-table/schema.ts';
import { hex } from '../../kinds/words.ts';
import type { Facts } from '../../state/facts.ts';
import type { HostRole } from '../../topology/role.ts';
import type { DesiredObject } from '../redirect.ts';
import { chain } from './chain.ts';
import { ipKeyword } from './ip-keyword.ts';

/**
 * Hosts and routers begin with 64, 128 or 255. A node is a neighbour of its members: no router lowers the number on the
 * way, and from beyond a router it would have to be 255 before.
 */
export const drainedTtl = 254;

/** Bytes of data in a node's question, by which its replies are told from those of other pings. */
export const questionSize = 72;
/** length of the headers of IP and ICMP */
const headerLengths: Readonly<Record<Family, number>> = { 4: 28, 6: 48 };

/** Set that counts the replies to each node. */
export function toldSet(family: Family): string {
  return `told${family}`;
}

/** Nodes that choose among members, and ask this one. */
function askingNodes({ gateways }: Pick<HostRole, 'gateways'>): readonly Address[] {
  const asked = gateways.filter(({ chosenByNodes }) => chosenByNodes);
  return [...new Set(asked.flatMap(({ served }) => served.map(({ nodeAddress }) => nodeAddress)))].sort();
}

export function drainedAnswers(
  role: Pick<HostRole, 'gateways'>,
  { drained }: Pick<Facts, 'drained'>,
): DesiredObject[] {
  const nodes = drained ? askingNodes(role) : [];
  if (nodes.length === 0) return [];
  const asked = families.filter((family) => nodes.some((node) => familyOf(node) === family));
  return [
    ...asked.map((family) => nodesSet(family, nodes)),
    chain('drained', asked.map(answerRule), 'tell nodes that ask that this member is drained', {
      type: 'filter',
      hook: 'output',
      priority: 0,
    }),
  ];
}

function nodesSet(family: Family, nodes: readonly Address[]): DesiredObject {
  const object = {
    kind: 'nft-set',
    name: toldSet(family),
    exact: true,
    type: [`ipv${family}_addr`],
    counted: true,
    elements: nodes.filter((node) => familyOf(node) === family),
  } satisfies NftSet;
  return { object, why: 'nodes that ask whether this member is drained' };
}

function answerRule(family: Family): string {
  const ip = ipKeyword(family);
  const [icmp, field] = family === 4 ? ['icmp', 'ttl'] : ['icmpv6', 'hoplimit'];
  const length = hex(headerLengths[family] + questionSize);
  return `${icmp} type echo-reply meta length ${length} ${ip} daddr @${toldSet(family)} ${ip} ${field} set ${drainedTtl}`;
}
