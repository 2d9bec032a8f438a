/** Folders and files of mustredirect. A test host has its own network namespace, and so its own state and lock. */
import { readlink } from 'node:fs/promises';
import { join } from 'node:path';

export interface Places {
  /** what must be remembered between runs */
  readonly ledger: string;
  /** how to undo the run that is at work, was cut off, or waits to be confirmed */
  readonly journal: string;
  /** what was applied when, and by whom */
  readonly history: string;
  /** locked while a run changes things */
  readonly lock: string;
  /** the network namespace is the one that the machine started in */
  readonly firstNamespace: boolean;
}

export async function findPlaces(env: Readonly<Record<string, string | undefined>>): Promise<Places> {
  const state = env['MUSTREDIRECT_STATE_DIR'] ?? '/var/lib/mustredirect';
  const run = env['MUSTREDIRECT_RUN_DIR'] ?? '/run/mustredirect';
  const name = await namespaceName();
  return {
    ledger: join(state, `${name}.json`),
    journal: join(state, `${name}.journal`),
    history: join(state, `${name}.history`),
    lock: join(run, `${name}.lock`),
    firstNamespace: name === first,
  };
}

const first = 'host';

/** `host` in the network namespace that the machine started in, else the namespace's number. */
async function namespaceName(): Promise<string> {
  const own = await readlink('/proc/self/ns/net');
  const machine = await readlink('/proc/1/ns/net').catch(() => '');
  if (own === machine) return first;
  return `netns-${/\d+/.exec(own)?.[0] ?? 'unknown'}`;
}
