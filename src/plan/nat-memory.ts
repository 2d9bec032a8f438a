/** NAT memory between runs: decisions that conntrack may hold, and flows whose entries are still to be deleted. */
import { createHash } from 'node:crypto';
import type { Desired } from '../desired/desired.ts';
import { type NatDecisions, mergeDecisions, noDecisions } from '../kinds/flows/nat-decisions.ts';
import type { HostObject } from '../kinds/index.ts';
import { isMemberChoice } from '../kinds/nft-table/set-name.ts';
import type { Ledger, RememberedNat } from '../state/ledger.ts';
import { objectText } from './compare.ts';
import { isNftObject } from './nft-text.ts';

export type NatMemory = Pick<Ledger, 'nat' | 'forget'>;

/** NAT memory after a completed plan. */
export function natMemory({ wanted, nat }: Pick<Desired, 'wanted' | 'nat'>): Pick<Ledger, 'nat'> {
  const objects = wanted.map(({ object }) => object);
  return objects.some(isNftObject) ? { nat: { decisions: nat, table: tableDigest(objects) } } : {};
}

/** NAT memory while a run changes the table: a flow may have a decision of either state, and no digest is valid. */
export function natDuringRun(memory: NatMemory, others: NatDecisions): RememberedNat {
  return { decisions: mergeDecisions(rememberedDecisions(memory), others) };
}

export function rememberedDecisions({ nat }: NatMemory): NatDecisions {
  return nat?.decisions ?? noDecisions;
}

/** Whether the table on the host is unchanged since the run that saved this memory. */
export function isInForce({ nat }: NatMemory, actual: readonly HostObject[]): boolean {
  return nat?.table === tableDigest(actual);
}

/**
 * Digest of our nft table without its counters, and without the choice among members: it changes no NAT decision of this
 * host, and the agent changes it without a run.
 */
function tableDigest(objects: readonly HostObject[]): string {
  const hash = createHash('sha256');
  const telling = objects.filter((object) => isNftObject(object) && !isMemberChoice(object.name));
  for (const text of telling.map(objectText).sort()) hash.update(text);
  return hash.digest('base64');
}
