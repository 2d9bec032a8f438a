import { isOverdue, openRunText, readOpenRun } from '../../apply/run/earlier-run.ts';
import { type HostContext, look } from '../../apply/run/host-context.ts';
import { type Finding, diagnose, missingPrograms } from '../../explain/doctor.ts';
import { findInhabited } from '../../explain/inhabitants.ts';
import { findPowerful } from '../../explain/powerful-containers.ts';
import { findInterference } from '../../explain/interference/find-interference.ts';
import { readyRole } from '../../explain/interference/ready-role.ts';
import { findOtherDefaults } from '../../explain/several-networks.ts';
import { findStrictLinks } from '../../explain/strict-links.ts';
import { type HostOptions, openSession } from '../session/session.ts';
import { liveHost } from '../session/live-host.ts';
import { tellNotProbed } from '../session/tell-not-probed.ts';
import type { Terminal } from '../terminal/terminal.ts';

interface DoctorOptions extends HostOptions {
  readonly json?: true | undefined;
}

export async function doctor(terminal: Terminal, options: DoctorOptions): Promise<void> {
  const session = await openSession(terminal, options);
  const prepared = await look(session, session.target);
  const { found, notProbed } = await findInterference(
    liveHost(terminal, session),
    readyRole(session.target.role, prepared.desired.notReady),
    prepared.facts,
  );
  tellNotProbed(terminal, options, notProbed);
  const findings = [
    ...(await missingPrograms(session.host.exec)),
    ...(await openRun(session)),
    ...diagnose(session.target, prepared),
    ...(await findInContainers(session.target, prepared)),
    ...(await findStrictLinks(session.target, prepared)),
    ...found,
  ];
  if (options.json) terminal.print(JSON.stringify(findings, null, 2));
  else terminal.print(formatFindings(terminal, session.source.host, findings));
  if (findings.length > 0) terminal.setExitStatus(3);
}

async function findInContainers(...where: Parameters<typeof findInhabited>): Promise<Finding[]> {
  const [target] = where;
  const places = await findInhabited(...where);
  return [...(await findOtherDefaults(target, places)), ...(await findPowerful(target, places))];
}

async function openRun(ground: HostContext): Promise<Finding[]> {
  const problem = await openRunText(ground);
  if (problem === undefined) return [];
  const journal = await readOpenRun(ground);
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
