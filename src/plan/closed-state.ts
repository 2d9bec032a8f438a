/**
 * State in which redirected packets are blocked, by the guard and the prohibit rules. It needs no interface and no
 * engine, and is applied at boot before they exist. Existing objects stay: on a running host, nothing is removed.
 */
import type { Desired } from '../desired/desired.ts';
import type { DesiredObject } from '../desired/redirect.ts';
import type { Facts } from '../state/facts.ts';
import { isSteering } from '../kinds/rule/order.ts';
import { objectKey } from '../kinds/index.ts';
import { mainTable } from '../kinds/ownership.ts';
import { natDuringRun } from './nat-memory.ts';
import { unionTable } from './union-table.ts';
import { isNftObject } from './nft-text.ts';

/** @param desired desired state by the file */
export function closedState({ owned, ledger }: Facts, desired: Desired): Desired {
  const isNft = ({ object }: DesiredObject): boolean => isNftObject(object);
  const rules = desired.wanted.filter(
    ({ object }) =>
      object.kind === 'xfrm-policy' ||
      (object.kind === 'rule' && !isSteering(object)) ||
      // An unreachable route needs no interface; where a mark steers, only it blocks packets to a redirected subnet.
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
    // Nothing is steered yet: gateways keep their current tables and marks.
    numbers: { ...desired.numbers, gateways: ledger.gateways },
    nat: natDuringRun(ledger, desired.nat).decisions,
    waiting: [],
    warnings: [],
    // Everything is closed, ready or not.
    notReady: [],
    // Without these mark bits (0), every packet would bypass the gateway. Other refusals concern objects that open.
    refusals: desired.numbers.bypassBit === 0 || desired.numbers.checkedBit === 0 ? desired.refusals : [],
  };
}
