/** `mustredirect lab up`, `down` and `exec`. */
import { spawn } from 'node:child_process';
import { MustredirectError } from '../error.ts';
import { inHost } from '../host/process/namespaces.ts';
import type { LabEngine } from './engine.ts';
import { exampleFile, filePath } from './example-file.ts';
import { findHolders } from './holder.ts';
import { addressesOf, network, subnetOf, type Families } from './layout.ts';
import { checkName } from './name.ts';
import { createWorld, takeDown, thisMachine, type World } from './world.ts';

export interface LabIo {
  /** a line of the result */
  print(line: string): void;
}

export interface LabOptions {
  /** default: `default` */
  readonly name?: string | undefined;
}

export interface UpOptions extends LabOptions {
  readonly engine?: LabEngine | undefined;
  /** whether all of it has IPv6 too */
  readonly ipv6?: boolean | undefined;
  /** how this program is run: the Node first, then its own file */
  readonly self: readonly string[];
  /** how its user calls it; default: `mustredirect` */
  readonly command?: string;
}

const defaultName = 'default';

/** Builds a lab that stays. */
export async function labUp(
  { name = defaultName, engine, ipv6, self, command = 'mustredirect' }: UpOptions,
  io: LabIo,
): Promise<void> {
  const [node = ''] = self;
  const world = await createWorld({ name, engine, node, families: familiesOf({ ipv6 }) });
  await writeFiles(world);
  await world.keep();
  const option = name === defaultName ? '' : ` --name ${name}`;
  const inContainer = inContainerOf(world.engine.engine);
  describe(world).forEach((line) => io.print(line));
  io.print(`\n${command} lab exec${option} gw1 -- ${command} plan`);
  io.print(`${command} lab exec${option} node1 -- ${inContainer}`);
  io.print(`${command} lab down${option}`);
}

/** A command for node1, to show what runs there. */
function inContainerOf(engine: LabEngine): string {
  if (engine === 'external') return 'ip -brief address';
  return `${engine === 'docker' ? 'docker' : 'podman'} run --rm localhost/lab ip address`;
}

export function familiesOf({ ipv6 = false }: Pick<UpOptions, 'ipv6'>): Families {
  return ipv6 ? [4, 6] : [4];
}

/** Gives both hosts the file that redirects the containers of node1. */
export async function writeFiles({ hosts, engine, families }: World): Promise<void> {
  const content = exampleFile(engine.engine, { families });
  await Promise.all([hosts.node1, hosts.gw1].map((host) => host.files.replace(filePath, content)));
}

/** What a lab is, for its user. */
export function describe({ name, engine, families }: World): readonly string[] {
  const rows = families.map(addressesOf);
  const width = Math.max(...rows.map((addresses) => addresses.node1.length));
  /** of IPv4 in its line, of IPv6 in one more */
  const host = (which: keyof ReturnType<typeof addressesOf>, known: string, what: string): string[] =>
    rows.map((addresses, i) =>
      `  ${(i === 0 ? known : '').padEnd(8)}  ${addresses[which].padEnd(width)}  ${i === 0 ? what : ''}`.trimEnd(),
    );
  return [
    `lab ${name}`,
    ...host('node1', 'node1', engine.reason),
    ...host('gw1', 'gw1', `the gateway, uplink0 ${rows.map(({ uplink }) => uplink).join(' and ')}`),
    ...host('isp', 'isp', 'where the default route of both goes: the wrong way out'),
    ...host('upstream', 'upstream', 'the far end of the uplink: the right way out'),
    `  ${rows.map(({ internet }) => internet).join(' and ')} ${rows.length > 1 ? 'are' : 'is'} held by isp and upstream alike: who answers tells the way taken`,
    `  ${filePath} on node1 and gw1 sends network ${network.name}, ${families.map(subnetOf).join(' and ')}, through gw1`,
  ];
}

/** Takes a lab down, also one that was killed while it was built. */
export async function labDown({ name = defaultName }: LabOptions, io: LabIo): Promise<void> {
  const found = await takeDown(thisMachine(), name);
  io.print(found ? `lab ${name}: removed` : `lab ${name}: there is none`);
}

export interface ExecOptions extends LabOptions {
  readonly host: string;
  readonly argv: readonly string[];
  /** where the program starts, when that exists on the host */
  readonly folder: string;
}

const enterFolder = 'cd "$0" 2>/dev/null || cd /; exec "$@"';

/** Runs a program on a host of a lab, with our own stdin, stdout and stderr; gives its exit status. */
export async function labExec({ name = defaultName, host, argv, folder }: ExecOptions): Promise<number> {
  const pid = await findHost(name, host);
  const [file = '', ...args] = inHost(pid, ['sh', '-c', enterFolder, folder, ...argv]);
  const child = spawn(file, args, { stdio: 'inherit' });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => resolve(code ?? 1));
  });
}

async function findHost(name: string, host: string): Promise<number> {
  checkName(name);
  const inits = (await findHolders(thisMachine().files, name)).filter(({ init }) => init);
  if (inits.length === 0) {
    throw new MustredirectError('failed', `lab ${name}: there is none`, {
      hint: 'mustredirect lab up makes it',
    });
  }
  const found = inits.find((holder) => holder.host === host);
  if (found) return found.pid;
  const known = inits.map((holder) => holder.host).join(', ');
  throw new MustredirectError('usage', `lab ${name}: no host ${host}`, { hint: `it has ${known}` });
}
