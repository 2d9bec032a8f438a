/** Gives each `ip rule` that closes a redirect the reason why the redirect is not ready, for readers of the plan. */
import { contains } from '../../address/cidr.ts';
import { preferences } from '../../kinds/ownership.ts';
import { type Redirect, type DesiredObject, ingressOf } from '../redirect.ts';

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

function isClosedBy(redirect: Redirect, { object }: DesiredObject): boolean {
  const { family, subnets } = redirect;
  if (object.kind !== 'rule' || object.preference !== preferences.closed || object.family !== family)
    return false;
  const { from, device } = object;
  if (from === undefined) return device !== undefined && device === ingressOf(redirect).device;
  return subnets.some((subnet) => contains(from, subnet));
}
