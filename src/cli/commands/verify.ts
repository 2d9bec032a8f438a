import { gatherFacts } from '../../apply/gather.ts';
import { interferenceChecks } from '../../explain/interference/checks.ts';
import { findInterference } from '../../explain/interference/find-interference.ts';
import { passed, renderReport } from '../../explain/verify/report.ts';
import { parseTargets } from '../../explain/verify/target.ts';
import { chosen, verifyHost } from '../../explain/verify/verify.ts';
import { readLedger } from '../../host/ledger-store.ts';
import { liveHost } from '../live-host.ts';
import { type HostOptions, openSession } from '../session.ts';
import type { Terminal } from '../terminal.ts';

interface VerifyOptions extends HostOptions {
  to?: string[] | undefined;
  network?: string[] | undefined;
  json?: true | undefined;
}

export async function verify(terminal: Terminal, options: VerifyOptions): Promise<void> {
  const targets = parseTargets(options.to ?? []);
  const session = await openSession(terminal, options);
  const { target, host, engines, places, progress } = session;
  const { role } = target;
  progress?.({ what: 'reading this host' });
  const { facts } = await gatherFacts(host, engines, role, await readLedger(host.files, places.ledger));
  const live = liveHost(terminal, session);
  const names = options.network ? { networks: options.network } : {};
  const input = { role, facts, targets, ...names };
  const { host: name, checks } = await verifyHost(live, input);
  const others = await findInterference(live, { ...role, ...chosen(input) }, facts);
  const report = { host: name, checks: [...checks, ...interferenceChecks(others)] };
  terminal.print(options.json ? JSON.stringify(report, null, 2) : renderReport(report).trimEnd());
  if (!passed(report)) terminal.setExitStatus(1);
}
