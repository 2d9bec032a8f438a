import { prepare } from '../../apply/prepare.ts';
import { passed, renderReport } from '../../explain/verify/report.ts';
import { parseTargets } from '../../explain/verify/target.ts';
import { verifyHost } from '../../explain/verify/verify.ts';
import { createBackground } from '../../host/background.ts';
import { type HostOptions, openSession } from '../session.ts';
import type { Terminal } from '../terminal.ts';

interface VerifyOptions extends HostOptions {
  to?: string[] | undefined;
  network?: string[] | undefined;
  json?: true | undefined;
}

export async function verify(terminal: Terminal, options: VerifyOptions): Promise<void> {
  const targets = parseTargets(options.to ?? []);
  const { target, ledger, host, trace } = await openSession(terminal, options);
  const { facts } = await prepare(target, ledger);
  const liveHost = { ...host, background: createBackground(trace), node: terminal.node };
  const { role } = target;
  const names = options.network ? { networks: options.network } : {};
  const report = await verifyHost(liveHost, { role, facts, targets, ...names });
  terminal.print(options.json ? JSON.stringify(report, null, 2) : renderReport(report).trimEnd());
  if (!passed(report)) terminal.setExitStatus(1);
}
