/** Report of a verification, and its text. */
import type { Address, Family } from '../address/cidr.ts';

export interface VerifyReport {
  readonly host: string;
  readonly checks: readonly Check[];
}

/**
 * `path`: link and next hop of the packets; `source`: their source address; `elsewhere`: no packet left by another
 * link; `ready`: nothing keeps the network blocked; `reach`: replies came back; `names`: egress of the container's DNS
 * queries; `tunnel`: a packet through the uplink's tunnel comes back, or which end is wrong; `mtu`: one that fills the
 * tunnel does, too; `others`: foreign rules neither drop nor divert a packet, in both directions.
 */
export type CheckName =
  'ready' | 'path' | 'source' | 'elsewhere' | 'reach' | 'names' | 'tunnel' | 'mtu' | 'others';

/** Subject of a check. */
export interface CheckSubject {
  /** `network mustredirect, IPv4`, or `gateway office, 10.89.4.0/24 of node1` */
  readonly subject: string;
  readonly family: Family;
}

export interface Check extends Pick<CheckSubject, 'subject'> {
  /** absent when the check concerns both */
  readonly family?: Family;
  /** sender of the packets: `container web (10.89.4.7)`; absent when none was sent */
  readonly from?: string;
  readonly target?: Address;
  readonly check: CheckName;
  readonly ok: boolean | 'not-checked';
  readonly evidence: string;
}

/** Returns false when a check failed. */
export function passed(report: VerifyReport): boolean {
  return report.checks.every(({ ok }) => ok !== false);
}

/** Renders a paragraph for each subject and target, with one line for each check. */
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
