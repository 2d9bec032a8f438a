import { gatherFacts } from '../../apply/gather.ts';
import { passed, renderReport } from '../../explain/verify/report.ts';
import { parseTargets } from '../../explain/verify/target.ts';
import { verifyHost } from '../../explain/verify/verify.ts';
import { createBackground } from '../../host/background.ts';
import { readLedger } from '../../host/ledger-store.ts';
import { type HostOptions, openSession } from '../session.ts';
import type { Terminal } from '../terminal.ts';

interface VerifyOptions extends HostOptions {
  to?: string[] | undefined;
  network?: string[] | undefined;
  json?: true | undefined;
}

export async function verify(terminal: Terminal, options: VerifyOptions): Promise<void> {
  const targets = parseTargets(options.to ?? []);
  const { target, host, engines, places, trace, progress } = await openSession(terminal, options);
  const { role } = target;
  progress?.({ what: 'reading this host' });
  const { facts } = await gatherFacts(host, engines, role, await readLedger(host.files, places.ledger));
  const liveHost = { ...host, background: createBackground(trace), node: terminal.node, progress };
  const names = options.network ? { networks: options.network } : {};
  const report = await verifyHost(liveHost, { role, facts, targets, ...names });
  terminal.print(options.json ? JSON.stringify(report, null, 2) : renderReport(report).trimEnd());
  if (!passed(report)) terminal.setExitStatus(1);
}
