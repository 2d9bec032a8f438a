/** `mustredirect lab up`, `down` and `exec`. */
import { spawn } from 'node:child_process';
import { MustredirectError } from '../error.ts';
import { inHost } from '../host/process/namespaces.ts';
import type { LabEngine } from './engine.ts';
import { exampleFile, filePath } from './example-file.ts';
import { findHolders, findLabs } from './holder.ts';
import { addressesOf, network, subnetOf, type Families } from './layout.ts';
import { checkName } from './name.ts';
import { createWorld, takeDown, thisMachine, type World } from './world.ts';

export interface LabIo {
  /** prints a line of the result */
  print(line: string): void;
}

export interface LabOptions {
  /** default: `default` */
  readonly name?: string | undefined;
}

export interface UpOptions extends LabOptions {
  readonly engine?: LabEngine | undefined;
  /** whether the lab also has IPv6 */
  readonly ipv6?: boolean | undefined;
  /** command that runs this program: path of Node, then of its file */
  readonly self: readonly string[];
  /** name by which the user runs it; default: `mustredirect` */
  readonly command?: string;
}

const defaultName = 'default';

/** Builds a lab that stays up after the command. */
export async function labUp(
  { name = defaultName, engine, ipv6, self, command = 'mustredirect' }: UpOptions,
  io: LabIo,
): Promise<void> {
  const [node = ''] = self;
  const world = await createWorld({ name, engine, node, families: familiesOf({ ipv6 }) });
  await writeFiles(world);
  await world.keep();
  const option = name === defaultName ? '' : ` --name ${name}`;
  const exec = `${command} lab exec${option}`;
  describe(world).forEach((line) => io.print(line));
  io.print(`\n${exec} gw1 -- mustredirect apply`);
  io.print(`${exec} node1 -- mustredirect apply`);
  io.print(`${exec} node1 -- ${traceOf(world.engine.engine)}`);
  io.print(`${command} lab down${option}`);
}

/** Sample command for node1 that lists the hosts that a container's packets pass, where the engine can start one. */
function traceOf(engine: LabEngine): string {
  if (engine === 'external') return 'mustredirect status';
  const program = engine === 'docker' ? 'docker' : 'podman';
  return `${program} run --rm --network ${network.name} localhost/lab traceroute -n ${addressesOf(4).internet}`;
}

export function familiesOf({ ipv6 = false }: Pick<UpOptions, 'ipv6'>): Families {
  return ipv6 ? [4, 6] : [4];
}

/** Writes the file that redirects the containers of node1 to both hosts. */
export async function writeFiles({ hosts, engine, families }: World): Promise<void> {
  const content = exampleFile(engine.engine, { families });
  await Promise.all([hosts.node1, hosts.gw1].map((host) => host.files.replace(filePath, content)));
}

/** Describes a lab to its user. */
export function describe({ name, engine, families }: World): readonly string[] {
  const rows = families.map(addressesOf);
  const width = Math.max(...rows.map((addresses) => addresses.node1.length));
  /** Shows IPv4 addresses in the first line, IPv6 addresses in a second one. */
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

/** Takes a lab down, even if it was killed while it was built. */
export async function labDown({ name = defaultName }: LabOptions, io: LabIo): Promise<void> {
  const found = await takeDown(thisMachine(), name);
  io.print(found ? `lab ${name}: removed` : `lab ${name}: there is none`);
}

export interface ExecOptions extends LabOptions {
  readonly host: string;
  readonly argv: readonly string[];
  /** working directory of the program, if it exists on the host */
  readonly folder: string;
  /** aborted when this process is told to end: the program is told, too */
  readonly interrupt?: AbortSignal;
  /** folder of our own launcher: the last of PATH, so that `mustredirect` is found in a checkout */
  readonly launchers?: string;
}

/** The program ends when `nsenter`, which waits for it outside, does. */
const enterFolder =
  'PATH=$PATH${1:+:$1}; cd "$0" 2>/dev/null || cd /; shift; exec setpriv --pdeathsig TERM "$@"';

/**
 * Runs a program on a host of a lab, with our stdin, stdout and stderr; returns its exit status. It ends with this process,
 * however that ends.
 */
export async function labExec({
  name = defaultName,
  host,
  argv,
  folder,
  launchers = '',
  interrupt,
}: ExecOptions): Promise<number> {
  const pid = await findHost(name, host);
  const inside = inHost(pid, ['sh', '-c', enterFolder, folder, launchers, ...argv]);
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', ...inside], { stdio: 'inherit' });
  // Ctrl-C reaches the program by itself.
  const onInterrupt = (): boolean => interrupt?.reason !== 'SIGINT' && child.kill('SIGTERM');
  interrupt?.addEventListener('abort', onInterrupt, { once: true });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => resolve(code ?? 1));
  });
}

async function missingHint(name: string): Promise<string> {
  const makes = `mustredirect lab up${name === defaultName ? '' : ` --name ${name}`} makes it`;
  const others = await findLabs(thisMachine().files);
  return others.length === 0 ? makes : `${makes}; there is ${others.join(', ')}: choose it with --name`;
}

async function findHost(name: string, host: string): Promise<number> {
  checkName(name);
  const inits = (await findHolders(thisMachine().files, name)).filter(({ init }) => init);
  if (inits.length === 0) {
    throw new MustredirectError('failed', `lab ${name}: there is none`, {
      hint: await missingHint(name),
    });
  }
  const found = inits.find((holder) => holder.host === host);
  if (found) return found.pid;
  const known = inits.map((holder) => holder.host).join(', ');
  throw new MustredirectError('usage', `lab ${name}: no host ${host}`, { hint: `it has ${known}` });
}
