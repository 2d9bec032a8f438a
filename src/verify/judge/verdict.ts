/** Text helpers for verdicts. */
import type { Verdict } from '../probe/observation.ts';
import type { CheckName } from '../report.ts';

export function verdict(check: CheckName, ok: Verdict['ok'], evidence: string): Verdict {
  return { check, ok, evidence };
}

/** `UDP, TCP and ICMP` */
export function protocolNames(names: readonly string[]): string {
  const upper = names.map((name) => name.toUpperCase());
  return upper.length > 1 ? `${upper.slice(0, -1).join(', ')} and ${upper.at(-1) ?? ''}` : upper.join('');
}

/** `eth1, gre1, tun0, tun1 and 3 more` */
export function listed(names: readonly string[]): string {
  if (names.length === 0) return 'any other link';
  const shown = names.slice(0, 4).join(', ');
  return names.length > 4 ? `${shown} and ${names.length - 4} more` : shown;
}

export function unique(values: readonly string[]): string[] {
  return [...new Set(values)];
}
