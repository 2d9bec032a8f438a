/** Reads namespaces and capabilities of processes, with few programs for any number of processes. */
import * as z from 'zod';
import { decodeJson } from '../ip/json.ts';
import type { Exec, Files } from '../ports.ts';

/** Inode numbers, which identify namespaces. */
export interface Namespaces {
  readonly user: number;
  readonly pid: number;
}

export interface Process extends Namespaces {
  readonly id: number;
  /** program name, cut by the kernel at 15 characters */
  readonly name: string;
  /**
   * bounding set: capabilities that the process and its children can ever have; bit N is number N in linux/capability.h
   */
  readonly bounding: bigint;
}

/** Paths in one call: argument lists are limited to 2 MiB. */
const pathsPerCall = 5000;

/** Processes of each network namespace except our own; ended ones are omitted. */
export async function processesByNetwork(
  exec: Exec,
  files: Files,
): Promise<ReadonlyMap<number, readonly number[]>> {
  const ids = (await files.list('/proc')).filter((name) => /^\d+$/.test(name));
  const inodes = await readInodes(
    exec,
    ['self', ...ids].map((id) => `/proc/${id}/ns/net`),
  );
  const own = inodes.get('/proc/self/ns/net');
  const found = new Map<number, number[]>();
  for (const id of ids) {
    const inode = inodes.get(`/proc/${id}/ns/net`);
    if (inode === undefined || inode === own) continue;
    const others = found.get(inode);
    if (others) others.push(Number(id));
    else found.set(inode, [Number(id)]);
  }
  return found;
}

export interface Processes {
  /** our own process */
  readonly own: Namespaces & Pick<Process, 'bounding'>;
  /** process id -> process */
  readonly others: ReadonlyMap<number, Process>;
}

/** Returns undefined when our own process cannot be read. */
export async function readProcesses(exec: Exec, ids: readonly number[]): Promise<Processes | undefined> {
  const all = ['self', ...ids.map(String)];
  const [inodes, texts] = await Promise.all([
    readInodes(
      exec,
      all.flatMap((id) => [`/proc/${id}/ns/user`, `/proc/${id}/ns/pid`]),
    ),
    readStatus(exec, all),
  ]);
  const read = (id: string): Process | undefined => {
    const [user, pid] = ['user', 'pid'].map((kind) => inodes.get(`/proc/${id}/ns/${kind}`));
    const { Name: name, CapBnd: bounding } = texts.get(id) ?? {};
    if (user === undefined || pid === undefined || name === undefined || bounding === undefined)
      return undefined;
    return { id: Number(id), name, user, pid, bounding: BigInt(`0x${bounding}`) };
  };
  const own = read('self');
  if (!own) return undefined;
  const others = ids.flatMap((id) => read(String(id)) ?? []);
  return { own, others: new Map(others.map((process) => [process.id, process])) };
}

const namespacesSchema = z.object({
  namespaces: z.array(
    z.object({ ns: z.coerce.number(), netnsid: z.union([z.string(), z.number()]).nullish() }),
  ),
});

/**
 * Network namespace id, as links of this namespace show it for their peer -> inode number of that namespace. Only
 * namespaces with processes are included.
 */
export async function readNetworkIds(exec: Exec): Promise<ReadonlyMap<number, number>> {
  const argv = ['lsns', '--json', '--type', 'net', '--output', 'NS,NETNSID'];
  const { exitCode, stdout } = await exec.run(argv);
  if (exitCode !== 0) return new Map();
  return new Map(
    decodeJson(argv, stdout, namespacesSchema).namespaces.flatMap(({ ns, netnsid }) =>
      /^\d+$/.test(String(netnsid)) ? [[Number(netnsid), ns] as const] : [],
    ),
  );
}

/** Path -> inode number of its target. stat prints nothing for paths that are gone or hidden, and continues. */
async function readInodes(exec: Exec, paths: readonly string[]): Promise<ReadonlyMap<string, number>> {
  const lines = await linesOf(exec, ['stat', '--dereference', '--format=%i %n'], paths);
  return new Map(
    lines.flatMap((line) => {
      const [, inode, path] = /^(\d+) (\/proc\/.*)$/.exec(line) ?? [];
      return inode === undefined || path === undefined ? [] : [[path, Number(inode)] as const];
    }),
  );
}

type Status = Partial<Record<'Name' | 'CapBnd', string>>;

async function readStatus(exec: Exec, ids: readonly string[]): Promise<ReadonlyMap<string, Status>> {
  const argv = ['grep', '--with-filename', '--no-messages', '--extended-regexp', '^(Name|CapBnd):'];
  const lines = await linesOf(
    exec,
    argv,
    ids.map((id) => `/proc/${id}/status`),
  );
  const found = new Map<string, Status>();
  for (const line of lines) {
    const [, id, key, value] = /^\/proc\/(\w+)\/status:(Name|CapBnd):\s*(.*)$/.exec(line) ?? [];
    if (id === undefined || key === undefined) continue;
    found.set(id, { ...found.get(id), [key]: value });
  }
  return found;
}

async function linesOf(exec: Exec, argv: readonly string[], paths: readonly string[]): Promise<string[]> {
  const lines: string[] = [];
  for (let from = 0; from < paths.length; from += pathsPerCall) {
    const { stdout } = await exec.run([...argv, ...paths.slice(from, from + pathsPerCall)]);
    for (const line of stdout.split('\n')) if (line !== '') lines.push(line);
  }
  return lines;
}
