/** A host whose podman has networks with and without a label, and the packets of their containers. */
import { createEngines } from '../../src/engines/index.ts';
import { readLedger } from '../../src/host/files/ledger-store.ts';
import { type Prepared, type Target, inFile, prepare } from '../../src/inspect/prepare.ts';
import { type FakeHost, createFakeHost } from '../fake-host/fake-host.ts';
import { type Fate, fateOf } from '../fake-host/packet.ts';
import { networkFile } from '../fake-host/podman.ts';
import type { FakeRoute, FakeState } from '../fake-host/state.ts';
import { ledgerPath, specOf } from '../scenario/play.ts';

export interface FileOptions {
  readonly unlabelled?: 'leave' | 'block';
  /** networks of the file: with nine subnets, a mark steers */
  readonly more?: number;
}

export function file({ unlabelled = 'leave', more = 0 }: FileOptions = {}): string {
  const others = Array.from(
    { length: more },
    (_, i) =>
      `  more${i}: { engine: external, subnets: { node1: [10.90.${2 * i}.0/24, 'fd90:${2 * i}::/64'] }, via: mail }`,
  );
  return `version: 1
hosts:
  node1: [192.168.50.10, 'fd00:50::10']
  gw1: [192.168.50.2, 'fd00:50::2']
  gw2: [192.168.50.3, 'fd00:50::3']
networks: {${others.length > 0 ? '' : '}'}
${others.length > 0 ? `${others.join(',\n')}\n}` : ''}
gateways:
  office: { members: [{ host: gw1, uplink: { device: eth1 } }] }
  mail: { members: [{ host: gw2, uplink: { device: eth1 } }] }
discover:
  pools: { node1: [10.89.0.0/16, 'fd89::/16'] }
  unlabelled: ${unlabelled}
`;
}

const outside = { 4: '203.0.113.7', 6: '2001:db8:77::7' };

/** By the isp, and not by a gateway. */
export const defaults: readonly FakeRoute[] = ([4, 6] as const).map((family) => ({
  family,
  type: 'unicast',
  table: 254,
  destination: 'default',
  metric: family === 4 ? 0 : 1024,
  via: family === 4 ? '192.168.50.1' : 'fd00:50::1',
  device: 'eth0',
  protocol: 3,
}));

export interface Made {
  readonly name: string;
  readonly subnets: readonly string[];
  readonly bridge: string;
  readonly gateway?: string;
}

export const app: Made = {
  name: 'app',
  subnets: ['10.89.4.0/24', 'fd89:4::/64'],
  bridge: 'podman4',
  gateway: 'office',
};

export function newHost(): FakeHost {
  return createFakeHost({
    links: [
      { name: 'eth0', up: true, addresses: ['192.168.50.10/24', 'fd00:50::10/64'], pointToPoint: false },
    ],
    routes: defaults,
    podman: { backend: 'netavark', containers: [] },
  });
}

export const labelsOf = ({ gateway }: Pick<Made, 'gateway'>) =>
  gateway === undefined ? {} : { labels: { 'mustredirect.via': gateway } };

/** As `podman network create` and the first container leave it. */
export function make(host: FakeHost, made: Made): void {
  const { name, subnets, bridge } = made;
  const [path, text] = networkFile('netavark', { name, subnets, bridge, ...labelsOf(made) });
  const { state } = host;
  state.files = new Map([...state.files, [path, text]]);
  state.links = [
    ...state.links,
    {
      name: bridge,
      up: true,
      pointToPoint: false,
      addresses: subnets.map((subnet) =>
        subnet.replace(/\.0\/|::\//, (end) => (end === '.0/' ? '.1/' : '::1/')),
      ),
    },
  ];
}

export function remove(host: FakeHost, { name, bridge }: Made): void {
  const { state } = host;
  state.files = new Map([...state.files].filter(([path]) => !path.endsWith(`/${name}.json`)));
  state.links = state.links.filter((link) => link.name !== bridge);
}

export const targetOf = (host: FakeHost, options?: FileOptions): Target => ({
  host,
  engines: createEngines({}),
  ...inFile(specOf(file(options)), 'node1'),
});

export const read = async (host: FakeHost, options?: FileOptions): Promise<Prepared> =>
  prepare(targetOf(host, options), await readLedger(host.files, ledgerPath));

export const send = (state: FakeState, ingress: string, source: string): Fate =>
  fateOf(state, { ingress, source, destination: source.includes(':') ? outside[6] : outside[4] });

/** Of a packet of each family from a container. */
export function fates({ state }: FakeHost, { subnets, bridge }: Made): Fate[] {
  return subnets.map((subnet) =>
    send(
      state,
      bridge,
      subnet.replace(/(\.0|::)\/.*/, (_, end) => (end === '.0' ? '.7' : '::7')),
    ),
  );
}
