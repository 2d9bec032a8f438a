/** `podman` 4.3.1, with either of its network backends. */
import { missingProgram } from '../../src/host/process/missing-program.ts';
import type { Output } from '../../src/host/ports.ts';
import { type FakePodman, type FakeState, unknownToFake } from './state.ts';

const folders = { cni: '/etc/cni/net.d', netavark: '/etc/containers/networks' };
const bridgePrefixes = { cni: 'cni-podman', netavark: 'podman' };

export function runPodman(state: FakeState, args: readonly string[]): Output {
  const { podman } = state;
  if (!podman) throw missingProgram('podman');
  const command = args.join(' ');
  if (command === 'info --format json') return done(infoJson(podman));
  if (command === 'ps --all --format json') return done(containersJson(podman));
  if (command.startsWith('network create --label mustredirect=created --subnet ')) {
    return createNetwork(state, podman, args.slice(4));
  }
  if (command.startsWith('network rm ') && args.length === 3) {
    return removeNetwork(state, podman, args[2] ?? '');
  }
  return unknownToFake(`podman ${command}`);
}

function infoJson({ backend }: FakePodman): string {
  return JSON.stringify({
    host: { networkBackend: backend, security: { rootless: false } },
    version: { Version: '4.3.1' },
  });
}

function containersJson({ containers }: FakePodman): string {
  return JSON.stringify(
    containers.map(({ name, running, networks }, i) => ({
      Id: String(i).repeat(64),
      Names: [name],
      Networks: networks,
      State: running ? 'running' : 'exited',
      Pid: running ? 1000 + i : 0,
    })),
  );
}

function createNetwork(state: FakeState, { backend }: FakePodman, args: readonly string[]): Output {
  const name = args.at(-1) ?? '';
  const options = args.slice(0, -1).map((word, i) => [args[i - 1], word] as const);
  const subnets = options.flatMap(([option, word]) => (option === '--subnet' ? [word] : []));
  const mtu = options.flatMap(([option, word]) =>
    option === '--opt' ? Number(word.slice('mtu='.length)) : [],
  );
  const path = pathOf(backend, name);
  if (state.files.has(path)) {
    return failed(125, `Error: network name ${name} already used: network already exists`);
  }
  const others = [...state.files].filter(([file]) => file.startsWith(folders[backend]));
  const used = (subnet: string): boolean => others.some(([, text]) => text.includes(`"${subnet}"`));
  const taken = subnets.find(used);
  if (taken !== undefined) {
    return failed(125, `Error: subnet ${taken} is already used on the host or by another config`);
  }
  const text = networkText(backend, {
    name,
    subnets,
    bridge: freeBridge(backend, others),
    mtu: mtu[0],
    labels: { mustredirect: 'created' },
  });
  state.files = new Map([...state.files, [path, text]]);
  return done(name);
}

/** First bridge name that no network has. */
function freeBridge(backend: FakePodman['backend'], others: readonly (readonly [string, string])[]): string {
  for (let number = 1; ; number += 1) {
    const name = `${bridgePrefixes[backend]}${number}`;
    if (!others.some(([, text]) => text.includes(`"${name}"`))) return name;
  }
}

function removeNetwork(state: FakeState, { backend, containers }: FakePodman, name: string): Output {
  const path = pathOf(backend, name);
  if (!state.files.has(path)) {
    return failed(1, `Error: unable to find network with name or ID ${name}: network not found`);
  }
  if (containers.some(({ networks }) => networks.includes(name))) {
    return failed(
      2,
      `Error: "${name}" has associated containers with it. Use -f to forcibly delete containers and pods: network is being used`,
    );
  }
  state.files = new Map([...state.files].filter(([file]) => file !== path));
  return done(name);
}

function pathOf(backend: FakePodman['backend'], name: string): string {
  return `${folders[backend]}/${name}.${backend === 'cni' ? 'conflist' : 'json'}`;
}

export interface NetworkText {
  readonly name: string;
  readonly subnets: readonly string[];
  readonly bridge: string;
  /** masquerade setting, with CNI only; default: on */
  readonly masquerade?: boolean | undefined;
  readonly mtu?: number | undefined;
  readonly labels?: Readonly<Record<string, string>>;
}

/** Path and text of a network's file. */
export function networkFile(backend: FakePodman['backend'], network: NetworkText): readonly [string, string] {
  return [pathOf(backend, network.name), networkText(backend, network)];
}

function networkText(backend: FakePodman['backend'], network: NetworkText): string {
  const { name, subnets, bridge, masquerade = true, mtu, labels } = network;
  if (backend === 'netavark') {
    return JSON.stringify(
      {
        name,
        driver: 'bridge',
        network_interface: bridge,
        subnets: subnets.map((subnet) => ({ subnet })),
        internal: false,
        dns_enabled: true,
        ...(mtu === undefined ? {} : { options: { mtu: String(mtu) } }),
        ...(labels ? { labels } : {}),
      },
      null,
      5,
    );
  }
  const ipam = { type: 'host-local', ranges: subnets.map((subnet) => [{ subnet }]) };
  const plugin = {
    type: 'bridge',
    bridge,
    isGateway: true,
    ipMasq: masquerade,
    hairpinMode: true,
    ...(mtu === undefined ? {} : { mtu }),
    ipam,
  };
  return JSON.stringify(
    {
      ...(labels ? { args: { podman_labels: labels } } : {}),
      cniVersion: '0.4.0',
      name,
      plugins: [plugin, { type: 'portmap' }],
    },
    null,
    3,
  );
}

function done(stdout: string): Output {
  return { exitCode: 0, stdout, stderr: '' };
}

function failed(exitCode: number, stderr: string): Output {
  return { exitCode, stdout: '', stderr };
}
