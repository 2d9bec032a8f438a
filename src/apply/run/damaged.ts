/** Damaged state files: `destroy` moves them aside, and removes all objects that it recognises without them. */
import { readLinks } from '../../host/ip/links.ts';
import { ledgerText, readLedger, salvageLedger, writeLedger } from '../../host/files/ledger-store.ts';
import type { Files, Host } from '../../host/ports.ts';
import { readForwarding, readValidMarks } from '../../host/files/sysctl.ts';
import { labelledNetworks } from '../../engines/labelled-networks.ts';
import type { Ledger } from '../../state/ledger.ts';
import { forwardingName, isValidMark } from '../../state/settings.ts';
import { readHistory } from '../history.ts';
import { readJournal } from '../journal.ts';
import { messageOf } from '../undo.ts';
import type { HostContext } from './host-context.ts';

export interface Damage {
  /** one sentence for each file */
  readonly found: readonly string[];
  /** the same host, with damaged files replaced by their recovered content */
  readonly context: HostContext;
  /** changes that may be left, because only the ledger had the values before */
  readonly lost: readonly string[];
  /** Moves the files aside. Requires the lock. */
  moveAside(): Promise<void>;
}

/** Undefined when all files can be read. */
export async function findDamage(context: HostContext): Promise<Damage | undefined> {
  const { host, places } = context;
  const readers = [
    [places.ledger, readLedger],
    [places.journal, readJournal],
    [places.history, readHistory],
  ] as const;
  const found = new Map<string, string>();
  for (const [path, read] of readers) {
    await read(host.files, path).catch((error: unknown) => found.set(path, messageOf(error)));
  }
  if (found.size === 0) return undefined;
  const ledger = found.has(places.ledger) ? await recoverLedger(context) : undefined;
  const recovered = ledger && (await ledgerText(host.files, ledger));
  let moved = false;
  const files: Files = {
    ...host.files,
    async read(path, options) {
      if (moved || !found.has(path)) return host.files.read(path, options);
      return path === places.ledger ? recovered : undefined;
    },
  };
  return {
    found: [...found].map(([path, message]) => `${message}; it is moved to ${damagedName(path)}`),
    context: { ...context, host: { ...host, files } },
    lost: ledger ? await lostSettings(host, ledger) : [],
    async moveAside() {
      for (const path of found.keys()) await renameDamaged(host.files, path);
      moved = true;
      if (ledger) await writeLedger(host.files, places.ledger, ledger);
    },
  };
}

/** Recovers the readable parts of the ledger, and networks that carry our label. */
async function recoverLedger({ host, engines, places }: HostContext): Promise<Ledger> {
  const saved = salvageLedger((await host.files.read(places.ledger, { follow: false })) ?? '');
  const labelled = await labelledNetworks(host, engines);
  const known = (one: Ledger['networks'][number]): boolean =>
    saved.networks.some(({ engine, name }) => engine === one.engine && name === one.name);
  return { ...saved, networks: [...saved.networks, ...labelled.filter((one) => !known(one))] };
}

/** `name = value`: sysctls that are on, with unknown values before. */
async function lostSettings({ exec, files }: Host, { sysctls }: Ledger): Promise<string[]> {
  const names = (await readLinks(exec)).map(({ name }) => name);
  const now = { ...(await readForwarding(files, [])), ...(await readValidMarks(files, names)) };
  const switched = Object.entries(now).filter(
    ([name, value]) => value === '1' && !(name in sysctls) && isSwitched(name),
  );
  return switched.map(
    ([name, value]) =>
      `${name} = ${value}: its value before apply is not known; \`sysctl -w ${name}=0\` if nothing else needs it`,
  );
}

function isSwitched(name: string): boolean {
  return isValidMark(name) || Object.values(forwardingName).includes(name);
}

async function renameDamaged(files: Files, path: string): Promise<void> {
  const text = await files.read(path, { follow: false });
  if (text === undefined) return;
  await files.replace(damagedName(path), text);
  await files.remove(path);
}

function damagedName(path: string): string {
  return `${path}.damaged`;
}
