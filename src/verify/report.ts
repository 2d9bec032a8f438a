/** The report of a verification, and its text. */
import type { Address, Family } from '../address/cidr.ts';

export interface VerifyReport {
  readonly host: string;
  readonly checks: readonly Check[];
}

/**
 * `path`: by which link and to which next hop; `source`: with which address; `elsewhere`: that nothing left
 * by another way; `ready`: that nothing keeps it closed; `reach`: that answers came back; `names`: by which way a container's
 * questions for names leave; `others`: that no rule of others drops or diverts a packet, each way.
 */
export type CheckName = 'ready' | 'path' | 'source' | 'elsewhere' | 'reach' | 'names' | 'others';

/** What is verified. */
export interface Subject {
  /** `network mustredirect, IPv4`, or `gateway office, 10.89.4.0/24 of node1` */
  readonly subject: string;
  readonly family: Family;
}

export interface Check extends Subject {
  /** where the packets came from: `container web (10.89.4.7)`; absent when none was sent */
  readonly from?: string;
  readonly target?: Address;
  readonly check: CheckName;
  readonly ok: boolean | 'not-checked';
  readonly evidence: string;
}

/** Whether no check failed. */
export function passed(report: VerifyReport): boolean {
  return report.checks.every(({ ok }) => ok !== false);
}

/** A paragraph for each subject and target, one line for each check. */
export function renderReport(report: VerifyReport): string {
  const heads = [...new Set(report.checks.map(headline))];
  const paragraphs = heads.map((head) =>
    [head, ...report.checks.filter((check) => headline(check) === head).map(renderCheck)].join('\n'),
  );
  return `${paragraphs.join('\n\n')}\n`;
}

function headline({ subject, from, target }: Check): string {
  if (!from) return subject;
  return target === undefined ? `${subject}: from ${from}` : `${subject}: from ${from} to ${target}`;
}

function renderCheck({ check, ok, evidence }: Check): string {
  const verdict = ok === 'not-checked' ? '-' : ok ? 'ok' : 'FAILED';
  return `  ${verdict.padEnd(6)}  ${check.padEnd(9)}  ${evidence}`;
}
