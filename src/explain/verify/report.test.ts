import { describe, expect, it } from 'vitest';
import { type VerifyReport, passed, renderReport } from './report.ts';

const sent = { from: 'container web (10.89.4.7)', target: '192.0.2.1' };
const report: VerifyReport = {
  host: 'node1',
  checks: [
    { subject: 'network mustredirect', ...sent, check: 'path', ok: true, evidence: 'left by eth0' },
    { subject: 'network mustredirect', ...sent, check: 'elsewhere', ok: false, evidence: '3 left by eth1' },
    { subject: 'network six', check: 'path', ok: 'not-checked', evidence: 'IPv6 cannot be verified yet' },
  ],
};

describe('renderReport', () => {
  it('has a paragraph for each subject and target', () => {
    expect(renderReport(report)).toBe(`network mustredirect: from container web (10.89.4.7) to 192.0.2.1
  ok      path       left by eth0
  FAILED  elsewhere  3 left by eth1

network six
  -       path       IPv6 cannot be verified yet
`);
  });
});

describe('passed', () => {
  it('fails with one failed check, and not with one that was not made', () => {
    expect(passed(report)).toBe(false);
    expect(passed({ ...report, checks: report.checks.filter(({ ok }) => ok !== false) })).toBe(true);
  });
});
