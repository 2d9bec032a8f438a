/** Faults in a cell, one line each; empty when the result is as expected. */
import { type Family, familyOf } from '../../../src/address/cidr.ts';
import { addressesOf } from '../../../src/lab/layout.ts';
import type { Cell, Round } from './cell.ts';
import { answerOf } from './name-server.ts';
import type { PublishedCell } from './published.ts';
import { type Kind, kinds } from './traffic.ts';

/** Expected with redirect: packets leave by the gateway with their own address, and nowhere else. */
export function faultsOf(round: Round, own: string): readonly string[] {
  const family = familyOf(own);
  return compare(round, (kind) => ({
    answer: expectedAnswer(kind, 'upstream', family),
    atGateway: [own],
    upstream: [addressesOf(family).uplink],
    elsewhere: 0,
  }));
}

/** Expected before apply: captures see every kind elsewhere; otherwise an empty capture proves nothing. */
export function faultsOfControl(round: Round, family: Family): readonly string[] {
  return compare(round, (kind) => ({
    answer: expectedAnswer(kind, 'isp', family),
    atGateway: [],
    upstream: [],
    elsewhere: Math.max(1, round[kind].elsewhere),
  }));
}

/** @returns faults in replies of published ports */
export function faultsOfPublished(cells: Readonly<Record<string, PublishedCell>>): readonly string[] {
  return Object.entries(cells)
    .filter(([, { answer, atGateway }]) => answer !== 'hello' || atGateway > 0)
    .map(([asker, cell]) => `${asker}: ${JSON.stringify(cell)}`);
}

function expectedAnswer(kind: Kind, host: 'isp' | 'upstream', family: Family): string {
  const { node1, uplink } = addressesOf(family);
  switch (kind) {
    case 'TCP':
    case 'UDP':
      return host === 'isp' ? `isp saw ${node1}` : `upstream saw ${uplink}`;
    case 'DNS':
      return answerOf[host];
    case 'ICMP':
    case '1,400 bytes':
    case 'over the MTU':
      return 'answered';
  }
}

function compare(round: Round, expected: (kind: Kind) => Cell): readonly string[] {
  return kinds.flatMap((kind) => {
    const [found, wanted] = [round[kind], expected(kind)].map((cell) => JSON.stringify(cell));
    return found === wanted ? [] : [`${kind}: ${found}, not ${wanted}`];
  });
}
