import { describe, expect, it } from 'vitest';
import { recordedHost } from '../engines/recorded-host.ts';
import type { EngineName } from '../spec/spec.ts';
import type { AttachedContainer } from '../state/facts.ts';
import type { NodeNetwork } from '../topology/role.ts';
import type { ContainerNamespace } from './container-namespaces.ts';
import { findOtherDefaultRoutes } from './several-networks.ts';

const web: NodeNetwork = {
  name: 'web',
  engine: 'podman',
  subnets: ['10.89.4.0/24', 'fd00:4::/64'],
  direct: [],
  blocked: [],
  gateway: 'office',
  nextHops: [],
};
const two: NodeNetwork = { ...web, name: 'two', subnets: ['10.89.5.0/24'] };
const both: AttachedContainer = { name: 'both', running: true, pid: 41, networks: ['web', 'lan'] };

interface Given {
  /** device -> addresses */
  readonly links: Readonly<Record<string, readonly string[]>>;
  /** source -> device, when it differs from `default` */
  readonly bySource?: Readonly<Record<string, string>>;
  /** device of the default routes */
  readonly default?: string;
  readonly networks?: readonly NodeNetwork[];
  readonly namespace?: Partial<ContainerNamespace>;
}

/** Findings for process 41, with answers about its network namespace. */
function findings({ links, bySource = {}, networks = [web], namespace = {}, ...given }: Given) {
  const inside = 'nsenter --net=/proc/41/ns/net -- ip -j';
  const rows = Object.entries(links).map(([ifname, addresses], index) => ({
    ifindex: index + 1,
    ifname,
    flags: ['UP'],
    addr_info: addresses.map((prefix) => {
      const [local, length] = prefix.split('/');
      return { local, prefixlen: Number(length) };
    }),
  }));
  const all = Object.values(links)
    .flat()
    .map((prefix) => prefix.split('/')[0] ?? '');
  const isOf = (family: 4 | 6) => (address: string) => address.includes(':') === (family === 6);
  const outputs: Record<string, string> = { [`${inside} -N -d address show`]: JSON.stringify(rows) };
  for (const [family, to] of [
    [4, '192.0.2.1'],
    [6, '3fff::1'],
  ] as const) {
    const dev = given.default;
    const prefsrc = (links[dev ?? ''] ?? [])
      .map((prefix) => prefix.split('/')[0])
      .find((a) => isOf(family)(a ?? ''));
    outputs[`${inside} route get ${to}`] = JSON.stringify(prefsrc === undefined ? [] : [{ dev, prefsrc }]);
    for (const address of all.filter(isOf(family))) {
      const by = bySource[address] ?? dev;
      outputs[`${inside} route get ${to} from ${address}`] = JSON.stringify(
        by === undefined ? [] : [{ dev: by }],
      );
    }
  }
  const whole: ContainerNamespace = {
    networks: ['web'],
    engine: 'podman',
    containers: new Map([[41, both]]),
    processes: [41],
    ...namespace,
  };
  const role = { host: 'node1', addresses: [], gateways: [], networks };
  return findOtherDefaultRoutes({ host: recordedHost({ outputs }), role }, [whole]);
}

const links = {
  lo: ['127.0.0.1/8', '::1/128'],
  eth0: ['10.89.4.7/24', 'fe80::7/64'],
  eth1: ['10.77.0.2/24'],
};

function dropped(address: string, by: string, where = 'it is in web and lan'): string {
  return `container both: ${where}, and its default route goes through ${by}: its replies from ${address} are dropped there, because that address is not in ${by}`;
}

describe('a container in several networks', () => {
  it.each<[string, Given]>([
    ['that has no default route', { links }],
    ['whose routes depend on the source', { links, default: 'eth0', bySource: { '10.77.0.2': 'eth1' } }],
    ['with addresses of one network only', { links: { lo: [], eth0: ['10.89.4.7/24'] }, default: 'eth0' }],
    [
      'with both families of one network only',
      { links: { eth0: ['10.89.4.7/24', 'fd00:4::7/64'] }, default: 'eth0' },
    ],
    [
      'with another address at the same device',
      { links: { eth0: ['10.89.4.7/24', '10.77.0.2/24'] }, default: 'eth0' },
    ],
    ['that has ended meanwhile', { links: {} }],
    [
      'that the engine lists in one network only',
      {
        links,
        default: 'eth1',
        namespace: { containers: new Map([[41, { name: 'one', running: true, pid: 41 }]]) },
      },
    ],
    ['without processes', { links, default: 'eth1', namespace: { containers: new Map(), processes: [] } }],
  ])('is not reported: one %s', async (_, given) => {
    expect(await findings(given)).toEqual([]);
  });

  it('is reported when its default route uses another network', async () => {
    expect(await findings({ links, default: 'eth1' })).toEqual([
      {
        problem:
          'container both: it is in web and lan, and its default route uses source address 10.77.0.2, which is not redirected',
        remedy:
          'the engine chose that route: connect the container to web only, or add its other network to the file',
      },
    ]);
  });

  it('is reported when it is in two redirected networks, and its default route uses a third', async () => {
    const namespace = {
      networks: ['web', 'two'],
      containers: new Map([[41, { ...both, networks: ['web', 'two', 'lan'] }]]),
    };
    const given = {
      links: { eth0: ['10.89.4.7/24'], eth1: ['10.89.5.7/24'], eth2: ['10.77.0.2/24'] },
      default: 'eth2',
    };
    const found = await findings({ ...given, networks: [web, two], namespace });
    expect(found.map(({ remedy }) => remedy)).toEqual([
      'the engine chose that route: connect the container to web, two only, or add its other network to the file',
    ]);
  });

  it.each<[EngineName, string]>([
    ['podman', ': with netavark, by the network with the smallest `podman network create --opt metric=`'],
    [
      'docker',
      ': from docker 28 on, `--network name=NETWORK,gw-priority=1`; before, it leads by the network whose name comes first',
    ],
    ['nerdctl', ''],
  ])(
    'is reported when it sends replies for the other network by the redirected one: %s',
    async (engine, defaultRouteOption) => {
      expect(await findings({ links, default: 'eth0', namespace: { engine } })).toEqual([
        {
          problem: dropped('10.77.0.2', 'web'),
          remedy: `publish its ports in web, and connect it to web only; or give it a default route through the network of 10.77.0.2, if its traffic may leave there${defaultRouteOption}`,
        },
      ]);
    },
  );

  it('is reported for each address whose replies leave by the wrong network', async () => {
    const dual = {
      ...links,
      eth1: ['10.77.0.2/24', 'fd00:77::2/64'],
      eth0: ['10.89.4.7/24', 'fd00:4::7/64'],
    };
    expect((await findings({ links: dual, default: 'eth0' })).map(({ problem }) => problem)).toEqual([
      dropped('10.77.0.2', 'web'),
      dropped('fd00:77::2', 'web'),
    ]);
  });

  it("is reported when both networks are redirected: each drops packets with the other's source", async () => {
    const namespace = {
      networks: ['web', 'two'],
      containers: new Map([[41, { ...both, networks: ['web', 'two'] }]]),
    };
    const given = { links: { eth0: ['10.89.4.7/24'], eth1: ['10.89.5.7/24'] }, default: 'eth1' };
    expect(
      (await findings({ ...given, networks: [web, two], namespace })).map(({ problem }) => problem),
    ).toEqual([dropped('10.89.4.7', 'two', 'it is in web and two')]);
  });

  it('is recognised by its addresses when the engine does not list its networks', async () => {
    const found = await findings({
      links,
      default: 'eth0',
      namespace: { containers: new Map(), engine: 'cni' },
    });
    expect(found.map(({ problem }) => problem)).toEqual([
      dropped('10.77.0.2', 'web', 'it is in web and in another network').replace(
        'container both',
        'the container of process 41',
      ),
    ]);
  });
});
