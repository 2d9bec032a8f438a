import { describe, expect, it } from 'vitest';
import { type VerifyReport, passed, renderReport } from './report.ts';

const web = { subject: 'network mustredirect, IPv4', family: 4 as const };
const sent = { ...web, from: 'container web (10.89.4.7)', target: '192.0.2.1' };
const report: VerifyReport = {
  host: 'node1',
  checks: [
    { ...sent, check: 'path', ok: true, evidence: 'left by eth0' },
    { ...sent, check: 'elsewhere', ok: false, evidence: '3 left by eth1' },
    { subject: 'network six, IPv6', family: 6, check: 'path', ok: 'not-checked', evidence: 'no target' },
  ],
};

describe('renderReport', () => {
  it('has a paragraph for each subject and target', () => {
    expect(renderReport(report)).toBe(`network mustredirect, IPv4: from container web (10.89.4.7) to 192.0.2.1
  ok      path       left by eth0
  FAILED  elsewhere  3 left by eth1

network six, IPv6
  -       path       no target
`);
  });
});

describe('passed', () => {
  it('is false with a failed check, and true with one that was not made', () => {
    expect(passed(report)).toBe(false);
    expect(passed({ ...report, checks: report.checks.filter(({ ok }) => ok !== false) })).toBe(true);
  });
});
