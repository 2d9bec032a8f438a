/** Facts about who chooses the member of a gateway: the routing daemon, and whether it can start; the agent; an operator. */
import { secretsOf } from '../desired/bird/secrets.ts';
import { takenPorts } from '../host/ip/listeners.ts';
import { readDrained } from '../host/files/drain-store.ts';
import { readVerdicts } from '../host/files/verdict-store.ts';
import { passwordFault } from '../host/bird/password.ts';
import type { Files, Host } from '../host/ports.ts';
import { ifInstalled } from '../host/process/missing-program.ts';
import type { RoutingDaemon } from '../kinds/routing-daemon/schema.ts';
import type { Facts } from '../state/facts.ts';
import type { HostRole, RoutedGateway } from '../topology/role.ts';

/** UDP port of BFD with a neighbour (RFC 5881) */
const bfdPort = 3784;

type Role = Pick<HostRole, 'routed' | 'failover' | 'gateways'> &
  Partial<Pick<HostRole, 'addresses' | 'host'>>;

export async function readRoutingFacts(
  host: Host,
  role: Role,
  daemon: RoutingDaemon | undefined,
): Promise<Pick<Facts, 'routing' | 'passwordFiles' | 'verdicts' | 'drained'>> {
  const found = { ...(await readDaemonFacts(host, role, daemon)), ...(await readOwnDrain(host, role)) };
  const { files, verdicts } = host;
  if (!role.failover || verdicts === undefined) return found;
  return { ...found, verdicts: await readVerdicts(files, verdicts) };
}

/** On a member: whether an operator has drained it here. */
async function readOwnDrain(
  { files, drained: path }: Host,
  { host, gateways }: Role,
): Promise<Pick<Facts, 'drained'>> {
  if (path === undefined || gateways.length === 0) return {};
  const entries = await readDrained(files, path);
  return entries.some((one) => one.host === host) ? { drained: true } : {};
}

async function readDaemonFacts(
  { exec, files }: Host,
  { routed = [], addresses = [] }: Role,
  daemon: RoutingDaemon | undefined,
): Promise<Pick<Facts, 'routing' | 'passwordFiles'>> {
  const passwordFiles = await readPasswordFiles(files, routed);
  if (routed.length === 0 || (daemon && !daemon.stopped)) return passwordFiles;
  const ports = new Set(
    routed.flatMap(({ sessions }) => (sessions?.protocol === 'bgp' ? sessions.port : [])),
  );
  const wanted = [
    ...[...ports].map((port) => ({ protocol: 'tcp' as const, port })),
    ...(routed.some(({ sessions, uplink }) => sessions?.bfd ?? uplink?.routing.bfd)
      ? [{ protocol: 'udp' as const, port: bfdPort }]
      : []),
  ];
  const [program, taken] = await Promise.all([
    ifInstalled(exec.run(['bird', '--version'])),
    takenPorts(exec, wanted, addresses),
  ]);
  return { ...passwordFiles, routing: { installed: program !== undefined, takenPorts: taken } };
}

async function readPasswordFiles(
  files: Files,
  routed: readonly RoutedGateway[],
): Promise<Pick<Facts, 'passwordFiles'>> {
  const paths = [...new Set(routed.flatMap(secretsOf).map(({ file }) => file))];
  const faults = await Promise.all(
    paths.map(async (path) => [path, await passwordFault(files, path)] as const),
  );
  const found = faults.flatMap(([path, fault]) => (fault ? [[path, fault] as const] : []));
  return found.length > 0 ? { passwordFiles: Object.fromEntries(found) } : {};
}

/** Routes whose daemon has no folder any more are its remains, and are removed like it. */
export function daemonObjects(daemon: RoutingDaemon | undefined, learned: boolean): RoutingDaemon[] {
  if (daemon) return [daemon];
  return learned ? [{ kind: 'routing-daemon', config: '', stopped: true }] : [];
}
