/** Folders and files of mustredirect. Each network namespace has its own state and lock. */
import { readlink } from 'node:fs/promises';
import { join } from 'node:path';

export interface Places {
  /** state that is kept between runs */
  readonly ledger: string;
  /** how to undo the run that is under way, was interrupted, or waits for confirmation */
  readonly journal: string;
  /** which changes were applied, when, and by whom */
  readonly history: string;
  /** locked while a run changes the host */
  readonly lock: string;
  /** unix socket of the agent */
  readonly agent: string;
  /** members that the agent has chosen */
  readonly verdicts: string;
  /** members that an operator has taken out of use */
  readonly drained: string;
  /** folder of flow logs, one for each gateway */
  readonly flowLogs: string;
  /** folder of the agent's log, unless the journal of systemd has it */
  readonly log: string;
  /** folder of our routing daemon, while it runs */
  readonly daemon: string;
  /** whether this is the network namespace that the machine booted with */
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
    agent: join(run, `${name}.agent`),
    verdicts: join(run, `${name}.verdicts`),
    drained: join(state, `${name}.drained`),
    flowLogs: join(state, `${name}.flows`),
    log: join(state, `${name}.log`),
    daemon: join(run, `${name}.bird`),
    firstNamespace: name === first,
  };
}

const first = 'host';

/** `host` in the network namespace that the machine booted with, else the namespace's number. */
async function namespaceName(): Promise<string> {
  const own = await readlink('/proc/self/ns/net');
  const machine = await readlink('/proc/1/ns/net').catch(() => '');
  if (own === machine) return first;
  return `netns-${/\d+/.exec(own)?.[0] ?? 'unknown'}`;
}
