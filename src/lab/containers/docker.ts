/** Containers of a real docker, whose daemon runs on the test host alone. */
import { type Address, familyOf } from '../../address/cidr.ts';
import { MustredirectError } from '../../error.ts';
import type { TestHost } from '../test-host.ts';

import { imageFolder, type Containers } from './containers.ts';
import { makeImage } from './image.ts';

const image = 'localhost/lab';

export async function prepareDocker(host: TestHost): Promise<Containers> {
  await Promise.all([makeImage(host), startDockerd(host)]);
  const script = `tar -C "$0" -c . | docker import - ${image}`;
  await host.run(['sh', '-c', script, imageFolder]);
  return dockerContainers(host);
}

/**
 * Without the bridge docker0, which is nobody's network here, and with limits that an unprivileged machine allows;
 * containers live on when it is restarted. It
 * runs on when we end; what it says is in the host's /run/lab.
 */
const daemon = [
  'dockerd',
  '--bridge=none',
  '--live-restore',
  // Before 27, what IPv6 needs of iptables is an experiment.
  '--experimental',
  '--ip6tables',
  '--default-ulimit=nofile=1024:1024',
  '--default-ulimit=nproc=4096:4096',
];

const startScript = `
"$@" >/run/lab/dockerd.log 2>&1 </dev/null &
pid=$!
while kill -0 $pid 2>/dev/null; do
  docker version >/dev/null 2>&1 && exit 0
  sleep 0.05
done
tail -n 3 /run/lab/dockerd.log >&2
exit 1
`;

/** Starts the daemon, also one that was ended, and returns when it answers. */
async function startDockerd(host: TestHost): Promise<void> {
  const output = await host.exec.run(['sh', '-c', startScript, 'dockerd', ...daemon]);
  if (output.exitCode === 0) return;
  throw new MustredirectError('failed', `dockerd on ${host.name}: ${output.stderr.trim()}`);
}

const stopScript = `
pid=$(cat /run/docker.pid)
kill "$pid"
while kill -0 "$pid" 2>/dev/null; do sleep 0.05; done
`;

/** As `systemctl restart docker` does it. */
export async function restartDockerd(host: TestHost): Promise<void> {
  await host.run(['sh', '-c', stopScript]);
  await startDockerd(host);
}

/** @param host one that `prepareDocker` has made ready */
function dockerContainers(host: TestHost): Containers {
  return {
    async createNetwork(name, ...subnets) {
      const options = subnets.flatMap((subnet) => [
        ...(familyOf(subnet) === 6 ? ['--ipv6'] : []),
        '--subnet',
        subnet,
      ]);
      await host.run(['docker', 'network', 'create', ...options, name]);
    },
    async start(name, network) {
      const run = ['docker', 'run', '--detach', '--name', name, '--network', network];
      await host.run([...run, image, 'sleep', '100000']);
      return (await addressesIn(host, name, network))[0] ?? '';
    },
    addresses: (name, network) => addressesIn(host, name, network),
    run: (name, argv) => host.exec.run(['docker', 'exec', name, ...argv]),
    async remove(name) {
      await host.run(['docker', 'rm', '--force', name]);
    },
  };
}

async function addressesIn(host: TestHost, name: string, network: string): Promise<readonly Address[]> {
  const format = `{{with index .NetworkSettings.Networks "${network}"}}{{.IPAddress}} {{.GlobalIPv6Address}}{{end}}`;
  const said = await host.run(['docker', 'inspect', '--format', format, name]);
  return said.trim().split(' ').filter(Boolean);
}
