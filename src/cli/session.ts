/** What every command that looks at a host needs: the file, which host this is, and the ways to the outside. */
import { type Engines, createEngines } from '../engines/index.ts';
import { createExec } from '../host/exec.ts';
import { createFiles } from '../host/files.ts';
import { readLinks } from '../host/ip-read.ts';
import { type Places, findPlaces } from '../host/places.ts';
import type { Host } from '../host/ports.ts';
import { readLedger } from '../host/ledger-store.ts';
import type { Spec } from '../spec/spec.ts';
import type { Ledger } from '../state/ledger.ts';
import { hostRole } from '../topology/role.ts';
import { whichHost } from '../topology/which-host.ts';
import type { Target } from '../apply/prepare.ts';
import { loadSpec } from './load-spec.ts';
import type { Terminal } from './terminal.ts';

export interface HostOptions {
  readonly file: string;
  readonly host?: string | undefined;
  readonly verbose?: true | undefined;
}

/** The outside, without a file. */
export interface Ground {
  readonly host: Host;
  readonly engines: Engines;
  readonly places: Places;
  readonly ledger: Ledger;
  /** shows a command before it runs, with `-v` */
  readonly trace: ((argv: readonly string[]) => void) | undefined;
}

export async function openGround(
  terminal: Terminal,
  options: { readonly verbose?: true | undefined },
): Promise<Ground> {
  const trace = options.verbose
    ? (argv: readonly string[]): void => terminal.tell(terminal.paint('dim', `$ ${argv.join(' ')}`))
    : undefined;
  const host: Host = { exec: createExec(trace), files: createFiles() };
  const places = await findPlaces(terminal.env);
  const ledger = await readLedger(host.files, places.ledger);
  return { host, engines: createEngines(terminal.env), places, ledger, trace };
}

export interface Session extends Ground {
  readonly spec: Spec;
  readonly target: Target;
}

export async function openSession(terminal: Terminal, options: HostOptions): Promise<Session> {
  const ground = await openGround(terminal, options);
  const spec = await loadSpec(ground.host.files, options.file, terminal);
  const name = await findHost(spec, ground.host, terminal, options);
  const target: Target = { ...ground, role: hostRole(spec, name), gateways: spec.gateways };
  return { ...ground, spec, target };
}

async function findHost(spec: Spec, host: Host, terminal: Terminal, options: HostOptions): Promise<string> {
  const fromEnv = terminal.env['MUSTREDIRECT_HOST'];
  if (options.host !== undefined) {
    return whichHost(spec, { asked: { name: options.host, by: '--host' }, addresses: [] });
  }
  if (fromEnv !== undefined && fromEnv !== '') {
    return whichHost(spec, { asked: { name: fromEnv, by: 'MUSTREDIRECT_HOST' }, addresses: [] });
  }
  const links = await readLinks(host.exec);
  return whichHost(spec, { addresses: links.flatMap(({ addresses }) => addresses) });
}
