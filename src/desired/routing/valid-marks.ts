/** src_valid_mark sysctls of reply links: the reverse path filter then looks up the route with the reply's mark. */
import type { Facts } from '../../state/facts.ts';
import { isValidMark, validMarkName } from '../../state/settings.ts';
import type { DesiredObject } from '../redirect.ts';
import { type SteeredFamily, replyDevices } from './steering-kind.ts';

export function validMarks(groups: readonly SteeredFamily[], { sysctls, ledger }: Facts): DesiredObject[] {
  const needed = new Set(groups.flatMap(({ steering }) => replyDevices(steering)).map(validMarkName));
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
