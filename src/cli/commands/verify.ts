import { passed, renderReport } from '../../explain/verify/report.ts';
import { parseTargets } from '../../explain/verify/target.ts';
import { verifyHost } from '../../explain/verify/verify.ts';
import { createBackground } from '../../host/background.ts';
import { type HostOptions, look, openSession } from '../session.ts';
import type { Terminal } from '../terminal.ts';

interface VerifyOptions extends HostOptions {
  to?: string[] | undefined;
  network?: string[] | undefined;
  json?: true | undefined;
}

export async function verify(terminal: Terminal, options: VerifyOptions): Promise<void> {
  const targets = parseTargets(options.to ?? []);
  const session = await openSession(terminal, options);
  const { target, host, trace, progress } = session;
  const { role } = target;
  const { facts, desired } = await look(session, target);
  const { notReady } = desired;
  const liveHost = { ...host, background: createBackground(trace), node: terminal.node, progress };
  const names = options.network ? { networks: options.network } : {};
  const report = await verifyHost(liveHost, { role, facts, notReady, targets, ...names });
  terminal.print(options.json ? JSON.stringify(report, null, 2) : renderReport(report).trimEnd());
  if (!passed(report)) terminal.setExitStatus(3);
}
