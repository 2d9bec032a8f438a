import { type BootSource, bootCommands } from '../../boot/commands.ts';
import { installUnits, installedUnits, unitPath } from '../../boot/install.ts';
import { type Unit, agentUnit, applyUnit, bootUnits, guardUnit } from '../../boot/units.ts';
import { MustredirectError } from '../../error.ts';
import { quoteWord } from '../../host/process/shell-word.ts';
import { systemdRuns } from '../../host/process/systemd.ts';
import { keptSettings } from '../session/kept-settings.ts';
import { type HostOptions, type Session, openSession } from '../session/session.ts';
import type { Terminal } from '../terminal/terminal.ts';

interface InstallOptions extends HostOptions {
  readonly agent?: true | undefined;
  readonly dryRun?: true | undefined;
  readonly json?: true | undefined;
}

export async function install(terminal: Terminal, options: InstallOptions): Promise<void> {
  const session = await openSession(terminal, options);
  await installFor(terminal, session, options);
}

/** @param session a valid file, and the host of it that this machine is */
export async function installFor(
  terminal: Terminal,
  { host, places, source: { file, host: name } }: Pick<Session, 'host' | 'places' | 'source'>,
  { agent, dryRun, json }: Pick<InstallOptions, 'agent' | 'dryRun' | 'json'>,
): Promise<void> {
  const source = { self: terminal.self, file, host: name, settings: keptSettings(terminal) };
  const units = bootUnits(source, agent);
  const shown = { units: units.map((unit) => ({ path: unitPath(unit.name), text: unit.text })) };
  if (dryRun) return terminal.print(json ? JSON.stringify(shown, null, 2) : unitTexts(units));
  if (!(await systemdRuns(host.files))) throw noSystemd(source);
  refuseOtherNamespace(places);
  const before = await installedUnits(host.files);
  const changed = await installUnits(host, units);
  const removed = before.filter(({ name: old }) => units.every(({ name: kept }) => kept !== old));
  for (const unit of removed) terminal.tell(`removed: ${unitPath(unit.name)}; \`install --agent\` keeps it`);
  if (json) return terminal.print(JSON.stringify({ ...shown, changed }, null, 2));
  terminal.print(changed ? installedText(terminal, source, units) : 'installed already: nothing was changed');
}

function unitTexts(units: readonly Unit[]): string {
  return units.map(({ name, text }) => `# ${unitPath(name)}\n${text}`).join('\n');
}

function installedText(terminal: Terminal, { file, host }: BootSource, units: readonly Unit[]): string {
  const does: Readonly<Record<string, string>> = {
    [guardUnit]: 'at boot: closes, before there is a network',
    [applyUnit]: `at boot: applies ${file} as ${host}, when the network is up`,
    [agentUnit]: 'runs from now on: holds what is applied, and brings back what goes',
  };
  const width = Math.max(...units.map(({ name }) => unitPath(name).length));
  const lines = units.map(({ name }) => `  ${unitPath(name).padEnd(width)}   ${does[name]}`);
  return `${terminal.paint('green', 'written and enabled')}:
${lines.join('\n')}
Nothing was applied now: \`mustredirect apply\` does that.
\`systemctl status 'mustredirect*'\` and \`journalctl -t mustredirect\` show how they fare.
Run install again when the file, Node.js or mustredirect has moved.`;
}

function noSystemd(source: BootSource): MustredirectError {
  const { close, open, hold } = bootCommands(source);
  const line = (command: readonly string[]) =>
    [...(source.settings.length > 0 ? ['env', ...source.settings] : []), ...command].map(quoteWord).join(' ');
  return new MustredirectError(
    'refused',
    'no systemd runs here, and install knows nothing else: nothing was written',
    {
      hint: `have these called at each boot, as root
  before any network interface is up and any container starts, to close:
    ${line(close)}
  when the network is up, and again until it exits with 0, to open:
    ${line(open)}
  from then on, started again when it ends, to hold what is applied:
    ${line(hold)}`,
    },
  );
}

/** systemd would run the units in the network namespace that the machine booted with. */
export function refuseOtherNamespace({ firstNamespace }: Pick<Session['places'], 'firstNamespace'>): void {
  if (firstNamespace) return;
  throw new MustredirectError('refused', 'this is not the network namespace that systemd runs its units in', {
    hint: 'run it outside of `ip netns exec`; for this namespace, call `mustredirect apply` from what makes it',
  });
}
