/**
 * The closed state, in which redirected packets are blocked: the guard and the prohibit rules. It needs no interface and no engine,
 * and is applied at boot before they exist. Existing objects stay: on a running host, nothing is removed.
 */
import type { Desired } from '../desired/desired.ts';
import type { DesiredObject } from '../desired/redirect.ts';
import type { Facts } from '../state/facts.ts';
import { isSteering } from '../kinds/rule/order.ts';
import { objectKey } from '../kinds/index.ts';
import { mainTable } from '../kinds/ownership.ts';
import { unionTable } from './union-table.ts';
import { isNftObject } from './nft-text.ts';

/** @param desired all that the file wants of this host */
export function closedState({ owned, ledger }: Facts, desired: Desired): Desired {
  const isNft = ({ object }: DesiredObject): boolean => isNftObject(object);
  const rules = desired.wanted.filter(
    ({ object }) =>
      object.kind === 'xfrm-policy' ||
      (object.kind === 'rule' && !isSteering(object)) ||
      // Needs no interface, and is the only one that closes what goes to a subnet where a mark steers.
      (object.kind === 'route' && object.table === mainTable && object.target.kind === 'unreachable'),
  );
  const keys = new Set(rules.map(({ object }) => objectKey(object)));
  const kept = owned.filter((object) => !isNftObject(object) && !keys.has(objectKey(object)));
  return {
    ...desired,
    wanted: [
      ...unionTable(owned.filter(isNftObject), desired.wanted.filter(isNft)),
      ...rules,
      ...kept.map((object) => ({ object, why: 'exists already' })),
    ],
    // Nothing is steered yet: tables and marks of before stay those of before.
    numbers: { ...desired.numbers, gateways: ledger.gateways },
    waiting: [],
    warnings: [],
    // All of it is closed, ready or not.
    notReady: [],
    // Without a mark bit for exceptions, every packet would be one. All other reasons are about what opens.
    refusals: desired.numbers.bypassBit === 0 || desired.numbers.checkedBit === 0 ? desired.refusals : [],
  };
}
