/** Says of each rule that closes what is not ready, why it does: a reader of the plan looks there. */
import { contains } from '../../address/cidr.ts';
import { preferences } from '../../kinds/ownership.ts';
import type { Redirect, DesiredObject } from '../redirect.ts';

export function explainClosed(
  wanted: readonly DesiredObject[],
  redirects: readonly Redirect[],
): readonly DesiredObject[] {
  const closed = redirects.filter(({ notReady }) => notReady !== undefined);
  if (closed.length === 0) return wanted;
  return wanted.map((one) => {
    const reasons = closed.filter((redirect) => isClosedBy(redirect, one)).map(({ notReady }) => notReady);
    return reasons.length === 0 ? one : { ...one, why: `closed: ${[...new Set(reasons)].join('; ')}` };
  });
}

function isClosedBy({ family, subnets, bridge }: Redirect, { object }: DesiredObject): boolean {
  if (object.kind !== 'rule' || object.preference !== preferences.closed || object.family !== family)
    return false;
  const { from, device } = object;
  if (from === undefined) return device !== undefined && device === bridge;
  return subnets.some((subnet) => contains(from, subnet));
}
