/** Installs or uninstalls the units: all of them, or none. */
import { join } from 'node:path';
import { MustredirectError } from '../error.ts';
import type { Files, Host } from '../host/ports.ts';
import {
  areEnabled,
  checkLoaded,
  disableUnits,
  enableUnits,
  reloadUnits,
  unitFolder,
} from '../host/process/systemd.ts';
import { type Unit, applyUnit, guardUnit, isOurs } from './units.ts';

const names = [guardUnit, applyUnit];

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

/** @returns false when the units were installed already, and nothing was changed */
export async function installUnits(host: Host, units: readonly Unit[]): Promise<boolean> {
  const found = await findUnits(host.files);
  refuseForeign(found);
  const before = { units: found, enabled: await areEnabled(host.exec, names) };
  if (before.enabled && units.every((unit) => includesUnit(found, unit))) return false;
  try {
    await writeUnits(host, { units, enabled: true });
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

function includesUnit(units: readonly Unit[], { name, text }: Unit): boolean {
  return units.some((unit) => unit.name === name && unit.text === text);
}

interface InstalledUnits {
  readonly units: readonly Unit[];
  readonly enabled: boolean;
}

async function writeUnits({ exec, files }: Host, { units, enabled }: InstalledUnits): Promise<void> {
  for (const { name, text } of units) await files.replace(unitPath(name), text, unitMode);
  if (enabled) await enableUnits(exec, namesOf(units));
  else await reloadUnits(exec);
  await checkLoaded(exec, namesOf(units));
}

async function restoreUnits(host: Host, before: InstalledUnits, reason: unknown): Promise<void> {
  try {
    await removeUnits(host, await findUnits(host.files));
    await writeUnits(host, before);
  } catch (error) {
    const message = `${messageOf(reason)}; and it could not be undone: ${messageOf(error)}`;
    const hint = '`mustredirect uninstall` removes what is there';
    throw new MustredirectError('failed', message, { hint, cause: reason });
  }
}

/**
 * Removes links, then files, and continues after a failure. systemctl finds the links of a unit in its file, so the
 * file is removed last.
 */
async function removeUnits({ exec, files }: Host, units: readonly Unit[]): Promise<void> {
  const errors: unknown[] = [];
  const attempt = (work: Promise<void>): Promise<unknown> =>
    work.catch((error: unknown) => errors.push(error));
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
