/** Interference of other programs, as checks of a verification. */
import type { Check, CheckSubject } from '../../verify/report.ts';
import type { Interferences } from './find-interference.ts';

export function interferenceChecks({ found, probed, notProbed }: Interferences): Check[] {
  return [
    ...probed.flatMap((subject) => checksOf(subject, found)),
    ...notProbed.flatMap(({ subject, reason }): Check[] =>
      subject ? [{ ...subject, check: 'others', ok: 'not-checked', evidence: reason }] : [],
    ),
  ];
}

function checksOf(subject: CheckSubject, found: Interferences['found']): Check[] {
  const own = found.filter(({ subjects }) => subjects.includes(subject.subject));
  if (own.length === 0) {
    return [
      { ...subject, check: 'others', ok: true, evidence: 'a packet each way passed all rules of this host' },
    ];
  }
  return own.map(({ what, remedy }) => ({
    ...subject,
    check: 'others',
    ok: false,
    evidence: `${what}; ${remedy}`,
  }));
}
