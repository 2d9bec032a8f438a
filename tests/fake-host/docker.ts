/** `docker`, 20.10 and later, with the output that we read. */
import { missingProgram } from '../../src/host/process/missing-program.ts';
import type { Output } from '../../src/host/ports.ts';
import { type FakeDocker, type FakeDockerNetwork, type FakeState, unknownToFake } from './state.ts';

export function runDocker(state: FakeState, args: readonly string[]): Output {
  const { docker } = state;
  if (!docker) throw missingProgram('docker');
  const command = args.join(' ');
  if (command === 'info --format {{json .}}') return done(infoJson(docker));
  if (command === 'ps --all --no-trunc --format {{json .}}') return done(containerLines(docker));
  if (command.startsWith('inspect --format {{.Id}} {{.State.Pid}} ')) return done(pidLines(args.slice(3)));
  if (command.startsWith('inspect --format {{.Id}} {{json .NetworkSettings.Networks}} ')) return done('');
  const label = /^network ls --no-trunc --filter label=(\S+) --format /.exec(command)?.[1];
  if (label !== undefined) return done(labelLines(docker, label));
  if (command.startsWith('network inspect ')) return inspectNetworks(docker, args.slice(2));
  if (command.startsWith('network create ')) return createNetwork(state, docker, args.slice(2));
  if (command.startsWith('network rm ') && args.length === 3) {
    return removeNetwork(state, docker, args[2] ?? '');
  }
  return unknownToFake(`docker ${command}`);
}

function labelLines({ networks }: FakeDocker, label: string): string {
  return networks
    .flatMap(({ name, labels = {} }) => (label in labels ? JSON.stringify([name, labels[label]]) : []))
    .join('\n');
}

function infoJson({ version }: FakeDocker): string {
  return JSON.stringify({ ServerVersion: version, SecurityOptions: ['name=seccomp,profile=default'] });
}

function containerLines({ containers }: FakeDocker): string {
  return containers
    .map(({ name, running, networks }, i) =>
      JSON.stringify({
        ID: String(i).repeat(64),
        Names: name,
        Networks: networks.join(','),
        State: running ? 'running' : 'exited',
      }),
    )
    .join('\n');
}

function pidLines(ids: readonly string[]): string {
  return ids.map((id) => `${id} ${1000 + Number(id[0])}`).join('\n');
}

function inspectNetworks({ networks }: FakeDocker, names: readonly string[]): Output {
  const found = networks.filter(({ name }) => names.includes(name));
  const stdout = JSON.stringify(
    found.map(({ name, subnets, options = {}, labels = {} }) => ({
      Name: name,
      Id: Buffer.from(name.padEnd(32, '.')).toString('hex'),
      Driver: 'bridge',
      EnableIPv6: subnets.some((subnet) => subnet.includes(':')),
      IPAM: { Config: subnets.map((Subnet) => ({ Subnet })) },
      Internal: false,
      Containers: {},
      Options: options,
      Labels: labels,
    })),
  );
  const missing = names.filter((name) => !networks.some((network) => network.name === name));
  const stderr = missing.map((name) => `Error: No such network: ${name}`).join('\n');
  return { exitCode: missing.length > 0 ? 1 : 0, stdout, stderr };
}

function createNetwork(state: FakeState, docker: FakeDocker, args: readonly string[]): Output {
  const name = args.at(-1) ?? '';
  if (docker.networks.some((network) => network.name === name)) {
    return failed(`Error response from daemon: network with name ${name} already exists`);
  }
  const network: FakeDockerNetwork = {
    name,
    subnets: valuesOf(args, '--subnet'),
    options: pairsOf(valuesOf(args, '--opt')),
    labels: pairsOf(valuesOf(args, '--label')),
  };
  state.docker = { ...docker, networks: [...docker.networks, network] };
  return done('5c21b4afbc374f67');
}

function removeNetwork(state: FakeState, docker: FakeDocker, name: string): Output {
  if (!docker.networks.some((network) => network.name === name)) {
    return failed(`Error: No such network: ${name}`);
  }
  if (docker.containers.some(({ running, networks }) => running && networks.includes(name))) {
    return failed(
      `Error response from daemon: error while removing network: network ${name} has active endpoints`,
    );
  }
  state.docker = { ...docker, networks: docker.networks.filter((network) => network.name !== name) };
  return done(name);
}

function valuesOf(args: readonly string[], option: string): string[] {
  return args.flatMap((arg, i) => (args[i - 1] === option ? [arg] : []));
}

function pairsOf(values: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    values.map((value) => {
      const [name = '', ...rest] = value.split('=');
      return [name, rest.join('=')] as const;
    }),
  );
}

function done(stdout: string): Output {
  return { exitCode: 0, stdout, stderr: '' };
}

function failed(stderr: string): Output {
  return { exitCode: 1, stdout: '', stderr };
}
