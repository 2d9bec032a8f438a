/** Installs or uninstalls the units: all of them, or none. */
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { MustredirectError } from '../error.ts';
import type { Files, Host } from '../host/ports.ts';
import {
  areEnabled,
  checkLoaded,
  disableUnits,
  enableUnits,
  isActive,
  reloadUnits,
  restartUnit,
  stopUnit,
  unitFolder,
} from '../host/process/systemd.ts';
import { type Unit, agentUnit, applyUnit, guardUnit, isOurs } from './units.ts';

const names = [guardUnit, applyUnit, agentUnit];

/** systemd warns about units that are not world-readable */
const unitMode = 0o644;

export function unitPath(name: string): string {
  return join(unitFolder, name);
}

/** Our units that are installed. */
export async function installedUnits(files: Files): Promise<readonly Unit[]> {
  return (await findUnits(files)).filter(({ text }) => isOurs(text));
}

async function findUnits(files: Files): Promise<readonly Unit[]> {
  const texts = await Promise.all(names.map((name) => files.read(unitPath(name))));
  return names.flatMap((name, index) => {
    const text = texts[index];
    return text === undefined ? [] : [{ name, text }];
  });
}

interface Installed {
  /** in the order of `names` */
  readonly units: readonly Unit[];
  /** all of them */
  readonly enabled: boolean;
  readonly agentRuns: boolean;
}

async function readInstalled({ exec, files }: Host): Promise<Installed> {
  const units = await findUnits(files);
  return {
    units,
    enabled: await areEnabled(exec, namesOf(units)),
    agentRuns: namesOf(units).includes(agentUnit) && (await isActive(exec, agentUnit)),
  };
}

/**
 * Writes and enables units, starts the agent if it is one of them, and removes those of ours that are not among them.
 * @returns false when this is so already, and nothing was changed
 */
export async function installUnits(host: Host, units: readonly Unit[]): Promise<boolean> {
  const before = await readInstalled(host);
  refuseForeign(before.units);
  const after = { units, enabled: true, agentRuns: namesOf(units).includes(agentUnit) };
  if (isDeepStrictEqual(before, after)) return false;
  try {
    const dropped = before.units.filter(({ name }) => !namesOf(units).includes(name));
    if (dropped.length > 0) await removeUnits(host, dropped);
    await writeUnits(host, after);
  } catch (error) {
    await restoreUnits(host, before, error);
    throw error;
  }
  return true;
}

/** @returns the removed units */
export async function uninstallUnits(host: Host): Promise<readonly Unit[]> {
  const ours = await installedUnits(host.files);
  if (ours.length > 0) await removeUnits(host, ours);
  return ours;
}

function refuseForeign(found: readonly Unit[]): void {
  const foreign = found.find(({ text }) => !isOurs(text));
  if (!foreign) return;
  const message = `${unitPath(foreign.name)}: is there, and was not written by install`;
  throw new MustredirectError('refused', message, { hint: 'look at it, move it away, and run it again' });
}

async function writeUnits({ exec, files }: Host, { units, enabled, agentRuns }: Installed): Promise<void> {
  for (const { name, text } of units) await files.replace(unitPath(name), text, unitMode);
  if (enabled) await enableUnits(exec, namesOf(units));
  else await reloadUnits(exec);
  await checkLoaded(exec, namesOf(units));
  if (agentRuns) await restartUnit(exec, agentUnit);
}

async function restoreUnits(host: Host, before: Installed, reason: unknown): Promise<void> {
  try {
    await removeUnits(host, await findUnits(host.files));
    if (before.units.length > 0) await writeUnits(host, before);
  } catch (error) {
    const message = `${messageOf(reason)}; and it could not be undone: ${messageOf(error)}`;
    const hint = '`mustredirect uninstall` removes what is there';
    throw new MustredirectError('failed', message, { hint, cause: reason });
  }
}

/**
 * Stops the agent, removes links, then files, and continues after a failure. systemctl finds the links of a unit in its
 * file, so the file is removed last.
 */
async function removeUnits({ exec, files }: Host, units: readonly Unit[]): Promise<void> {
  const errors: unknown[] = [];
  const attempt = (work: Promise<void>): Promise<unknown> =>
    work.catch((error: unknown) => errors.push(error));
  if (namesOf(units).includes(agentUnit)) await attempt(stopUnit(exec, agentUnit));
  if (units.length > 0) await attempt(disableUnits(exec, namesOf(units)));
  for (const { name } of units) await attempt(files.remove(unitPath(name)));
  await attempt(reloadUnits(exec));
  if (errors.length === 0) return;
  const [first] = errors;
  const { code, hint } = first instanceof MustredirectError ? first : { code: 'failed' as const };
  throw new MustredirectError(code, errors.map(messageOf).join('; '), { hint, cause: first });
}

function namesOf(units: readonly Unit[]): readonly string[] {
  return units.map(({ name }) => name);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
