import { readAndPlan } from '../../apply/run/host-context.ts';
import { interferenceChecks } from '../../explain/interference/checks.ts';
import { findInterference } from '../../explain/interference/find-interference.ts';
import { readyRole } from '../../explain/interference/ready-role.ts';
import { withVerdicts } from '../../topology/verdicts.ts';
import { passed, renderReport } from '../../verify/report.ts';
import { parseTargets } from '../../verify/target.ts';
import { selectNetworks, verifyHost } from '../../verify/verify.ts';
import { liveHost } from '../session/live-host.ts';
import { type HostOptions, openSession } from '../session/session.ts';
import type { Terminal } from '../terminal/terminal.ts';

interface VerifyOptions extends HostOptions {
  to?: string[] | undefined;
  network?: string[] | undefined;
  json?: true | undefined;
}

export async function verify(terminal: Terminal, options: VerifyOptions): Promise<void> {
  const targets = parseTargets(options.to ?? []);
  const session = await openSession(terminal, options);
  const { facts, desired, role: found } = await readAndPlan(session, session.target);
  const role = withVerdicts(found, facts);
  const { notReady } = desired;
  const live = liveHost(terminal, session);
  const names = options.network ? { networks: options.network } : {};
  const input = { role, facts, notReady, targets, ...names };
  const { host: name, checks } = await verifyHost(live, input);
  const others = await findInterference(
    live,
    readyRole({ ...role, ...selectNetworks(input) }, notReady),
    facts,
  );
  const report = { host: name, checks: [...checks, ...interferenceChecks(others)] };
  terminal.print(options.json ? JSON.stringify(report, null, 2) : renderReport(report).trimEnd());
  if (!passed(report)) terminal.setExitStatus(3);
}
