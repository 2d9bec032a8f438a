import { describe, expect, it } from 'vitest';
import { givenFacts, givenNetwork } from '../../tests/given/facts.ts';
import type { Exec, Files, Host } from '../host/ports.ts';
import { recordedFiles } from '../engines/recorded-host.ts';
import type { AttachedContainer, Link, NetworkFacts } from '../state/facts.ts';
import type { HostRole, NodeNetwork } from '../topology/role.ts';
import { findContainerNamespaces } from './container-namespaces.ts';
import { findPrivileged } from './privileged-containers.ts';

interface Given {
  readonly name?: string;
  /** network namespace; 1 is the host's, as for user and pid namespaces */
  readonly net: number;
  readonly user?: number;
  readonly pid?: number;
  readonly bounding?: bigint;
}

const usual = 0x800405fbn;
const all = 0x1ffffffffffn;
const netAdmin = usual | (1n << 12n);

/** @param given by process id; @param ids output of `lsns`: namespace id -> inode */
function hostOf(
  given: Readonly<Record<string, Given>>,
  ids: Readonly<Record<string, number>> = {},
): Host & { calls: string[] } {
  const processes: Readonly<Record<string, Given>> = {
    ...given,
    self: { net: 1, user: 1, pid: 1, bounding: all },
  };
  const calls: string[] = [];
  const answer = (argv: readonly string[]): string => {
    calls.push(argv[0] ?? '');
    if (argv[0] === 'lsns') {
      const rows = Object.entries(ids).map(([netnsid, ns]) => ({ ns, netnsid }));
      return JSON.stringify({ namespaces: [...rows, { ns: 1, netnsid: 'unassigned' }] });
    }
    return argv
      .flatMap((path) => {
        const [, id = '', rest = ''] = /^\/proc\/(\w+)\/(.*)$/.exec(path) ?? [];
        const process = processes[id];
        if (!process) return [];
        const { name = 'sleep', net, user = 1, pid = net, bounding = usual } = process;
        const inodes: Readonly<Record<string, number>> = { 'ns/net': net, 'ns/user': user, 'ns/pid': pid };
        const inode = inodes[rest];
        if (inode !== undefined) return `${inode} ${path}\n`;
        return `${path}:Name:\t${name}\n${path}:CapBnd:\t${bounding.toString(16).padStart(16, '0')}\n`;
      })
      .join('');
  };
  const exec: Exec = { run: async (argv) => ({ exitCode: 0, stdout: answer(argv), stderr: '' }) };
  const files: Files = { ...recordedFiles({}), list: async () => [...Object.keys(given), 'self', 'meminfo'] };
  return { exec, files, calls };
}

const web: NodeNetwork = {
  name: 'web',
  engine: 'podman',
  subnets: ['10.89.4.0/24'],
  direct: [],
  blocked: [],
  gateway: 'office',
  nextHops: [],
};
const bridge: Link = { name: 'br1', index: 5, ethernet: true, type: 'bridge', addresses: ['10.89.4.1/24'] };
const port = (name: string, peerNamespace: number): Link => ({
  name,
  index: 6,
  ethernet: true,
  type: 'veth',
  master: 'br1',
  peerNamespace,
  addresses: [],
});

function container(name: string, pid: number): AttachedContainer {
  return { name, running: true, pid };
}

async function problems(
  host: Host,
  attached: readonly AttachedContainer[],
  { links = [bridge], network = web }: { links?: readonly Link[]; network?: NodeNetwork } = {},
): Promise<string[]> {
  const role: HostRole = { host: 'node1', addresses: [], gateways: [], networks: [network] };
  const found: NetworkFacts = givenNetwork({ engine: network.engine, bridge: 'br1', attached });
  const facts = givenFacts({ links, networks: [found] });
  const namespaces = await findContainerNamespaces({ host, role }, { facts });
  return (await findPrivileged({ host }, namespaces)).map(({ problem }) => problem);
}

const link =
  "it can make a link of its own in this host's network namespace, and leave by that past every rule";

describe('containers that can bypass every rule', () => {
  it("are absent when all have the engine's defaults", async () => {
    expect(await problems(hostOf({ 41: { net: 10 } }), [container('a', 41)])).toEqual([]);
  });

  it('are listed by container name, for redirected networks only', async () => {
    const host = hostOf({
      41: { net: 10, bounding: netAdmin },
      42: { net: 11, bounding: netAdmin, user: 8 },
      43: { net: 12, bounding: all },
      44: { net: 13, bounding: all },
      1: { net: 1, bounding: all },
    });
    expect(await problems(host, [container('a', 41), container('b', 42), container('c', 43)])).toEqual([
      `network web: container a has CAP_NET_ADMIN in this host's user namespace: ${link}`,
      "network web: container c has all capabilities in this host's user namespace: it can act as root of this host, and leave past every rule",
    ]);
  });

  it('are listed once, with any number of processes', async () => {
    const host = hostOf({
      41: { net: 10, bounding: netAdmin },
      45: { net: 10, bounding: netAdmin },
      46: { net: 10 },
    });
    expect(await problems(host, [container('a', 41)])).toHaveLength(1);
  });

  it("include processes that share a container's network namespace", async () => {
    const host = hostOf({ 41: { net: 10 }, 45: { name: 'sidecar', net: 10, pid: 99, bounding: netAdmin } });
    expect(await problems(host, [container('infra', 41)])).toEqual([
      `network web: process 45 (sidecar), which shares the network namespace of container infra, has CAP_NET_ADMIN in this host's user namespace: ${link}`,
    ]);
  });

  it.each(['nerdctl', 'cni', 'external'] as const)(
    'are found by the ports of the bridge: %s',
    async (engine) => {
      const host = hostOf(
        { 41: { net: 10, bounding: netAdmin }, 42: { net: 11, bounding: netAdmin } },
        { 0: 10 },
      );
      const links = [bridge, port('veth0', 0)];
      expect(await problems(host, [], { links, network: { ...web, engine } })).toEqual([
        `network web: process 41 (sleep) has CAP_NET_ADMIN in this host's user namespace: ${link}`,
      ]);
    },
  );

  it('are found with four programs, for any number of containers', async () => {
    const ids = Array.from({ length: 1000 }, (_, index) => 100 + index);
    const host = hostOf(Object.fromEntries(ids.map((id) => [id, { net: id, bounding: netAdmin }])), {
      0: 100,
    });
    const attached = ids.map((id) => container(`c${id}`, id));
    expect(await problems(host, attached, { links: [bridge, port('veth0', 0)] })).toHaveLength(1000);
    expect(host.calls.toSorted()).toEqual(['grep', 'lsns', 'stat', 'stat']);
  });

  it('are not searched for without processes', async () => {
    const host = hostOf({ 41: { net: 10, bounding: all } });
    expect(await problems(host, [])).toEqual([]);
    expect(host.calls).toEqual([]);
  });
});
