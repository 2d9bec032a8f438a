/** Containers of a real docker, whose daemon runs on the test host. */
import { MustredirectError } from '../../error.ts';
import type { TestHost } from '../test-host.ts';
import { imageFolder, type Containers } from './containers.ts';
import { engineContainers, image } from './engine-containers.ts';
import { makeImage } from './image.ts';

export async function prepareDocker(host: TestHost): Promise<Containers> {
  await Promise.all([makeImage(host), startDockerd(host)]);
  const script = `tar -C "$0" -c . | docker import - ${image}`;
  await host.run(['sh', '-c', script, imageFolder]);
  return engineContainers(host, 'docker');
}

/**
 * Command of the daemon: without bridge docker0, which the lab does not use, and with limits that an unprivileged
 * machine allows. Containers survive a restart of the daemon. The daemon outlives this process, and logs to the host's
 * /run/lab.
 */
const daemon = [
  'dockerd',
  '--bridge=none',
  '--live-restore',
  // Before 27, IPv6 in iptables is experimental.
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

/** Starts the daemon, also after it was ended, and returns when it answers. */
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

/** Restarts the daemon like `systemctl restart docker`. */
export async function restartDockerd(host: TestHost): Promise<void> {
  await host.run(['sh', '-c', stopScript]);
  await startDockerd(host);
}
