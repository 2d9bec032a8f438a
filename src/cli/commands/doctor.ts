import { isOverdue, openRunText, readOpenRun } from '../../apply/run/earlier-run.ts';
import { type HostContext, readAndPlan } from '../../apply/run/host-context.ts';
import { type Finding, diagnose, missingPrograms } from '../../explain/doctor.ts';
import { findContainerNamespaces } from '../../explain/container-namespaces.ts';
import { findPrivileged } from '../../explain/privileged-containers.ts';
import { findInterference } from '../../explain/interference/find-interference.ts';
import { readyRole } from '../../explain/interference/ready-role.ts';
import { findOtherDefaultRoutes } from '../../explain/several-networks.ts';
import { findSessionFaults } from '../../explain/sessions/find-session-faults.ts';
import { findStrictLinks } from '../../explain/strict-links.ts';
import { findTunnelFaults } from '../../explain/tunnel-faults.ts';
import { type HostOptions, openSession } from '../session/session.ts';
import { liveHost } from '../session/live-host.ts';
import { tellNotProbed } from '../session/tell-not-probed.ts';
import type { Terminal } from '../terminal/terminal.ts';

interface DoctorOptions extends HostOptions {
  readonly json?: true | undefined;
}

export async function doctor(terminal: Terminal, options: DoctorOptions): Promise<void> {
  const session = await openSession(terminal, options);
  const prepared = await readAndPlan(session, session.target);
  const { role } = prepared;
  const target = { ...session.target, role };
  const live = liveHost(terminal, session);
  const ready = readyRole(role, prepared.desired.notReady);
  const tunnels = await findTunnelFaults(live, ready, prepared.facts);
  const sessions = await findSessionFaults(live, role, prepared.facts);
  // Packets of a gateway without a default are blocked, and would only say so.
  const open = readyRole(ready, sessions.closed);
  const { found, notProbed } = await findInterference(live, open, prepared.facts);
  tellNotProbed(terminal, options, [...notProbed, ...tunnels.notProbed, ...sessions.notProbed]);
  const findings = [
    ...(await missingPrograms(session.host.exec)),
    ...(await openRun(session)),
    ...diagnose(prepared),
    ...sessions.found,
    ...(await findInContainers(target, prepared)),
    ...(await findStrictLinks(target, prepared)),
    ...found,
    ...tunnels.found,
  ];
  if (options.json) terminal.print(JSON.stringify(findings, null, 2));
  else terminal.print(formatFindings(terminal, session.source.host, findings));
  if (findings.length > 0) terminal.setExitStatus(3);
}

async function findInContainers(...where: Parameters<typeof findContainerNamespaces>): Promise<Finding[]> {
  const [target] = where;
  const namespaces = await findContainerNamespaces(...where);
  return [
    ...(await findOtherDefaultRoutes(target, namespaces)),
    ...(await findPrivileged(target, namespaces)),
  ];
}

async function openRun(context: HostContext): Promise<Finding[]> {
  const problem = await openRunText(context);
  if (problem === undefined) return [];
  const journal = await readOpenRun(context);
  const remedy =
    journal?.until === undefined
      ? '`mustredirect apply` brings it to its end, `mustredirect rollback` undoes it'
      : isOverdue(journal)
        ? '`mustredirect rollback` undoes it, and so does the next `mustredirect apply`, first of all'
        : '`mustredirect confirm` keeps it, `mustredirect rollback` undoes it';
  return [{ problem, remedy }];
}

function formatFindings(terminal: Terminal, host: string, findings: readonly Finding[]): string {
  if (findings.length === 0) return `${host}: ${terminal.paint('green', 'nothing found')}`;
  return findings
    .map(({ problem, remedy }) => `${terminal.paint('red', 'problem:')} ${problem}\n  ${remedy}`)
    .join('\n');
}
