/** Links on which the reverse path filter takes an answer's mark into account: those by which answers come. */
import type { Facts } from '../../state/facts.ts';
import { isValidMark, validMarkName } from '../../state/settings.ts';
import type { Redirect, DesiredObject } from '../redirect.ts';
import { linksBack } from './steering-kind.ts';

/** @param redirects those of families in which a mark steers */
export function validMarks(redirects: readonly Redirect[], { sysctls, ledger }: Facts): DesiredObject[] {
  const needed = new Set(linksBack(redirects.filter(({ family }) => family === 4)).map(validMarkName));
  const kept = Object.entries(ledger.sysctls).filter(([name]) => isValidMark(name) && !needed.has(name));
  return [
    ...[...needed].map((name) =>
      setting(name, '1', 'let replies pass the reverse path filter by their fwmark'),
    ),
    ...kept.map(([name, value]) => setting(name, value, 'restore the original value')),
  ].filter(({ object }) => object.name in sysctls);
}

function setting(name: string, value: string, why: string) {
  return { object: { kind: 'sysctl', name, value } as const, why };
}
