/** Containers of an engine whose command line is that of docker or podman. */
import { type Address, familyOf } from '../../address/cidr.ts';
import type { TestHost } from '../test-host.ts';
import type { Containers } from './containers.ts';

/** Image of all containers, imported from the lab's root file system. */
export const image = 'localhost/lab';

export function engineContainers(host: TestHost, program: 'docker' | 'podman'): Containers {
  const addresses = async (name: string, network: string): Promise<readonly Address[]> => {
    const format = `{{with index .NetworkSettings.Networks "${network}"}}{{.IPAddress}} {{.GlobalIPv6Address}}{{end}}`;
    const inspected = await host.run([program, 'inspect', '--format', format, name]);
    return inspected.split(/\s+/).filter(Boolean);
  };
  return {
    async createNetwork(name, ...subnets) {
      const options = subnets.flatMap((subnet) => [
        ...(familyOf(subnet) === 6 ? ['--ipv6'] : []),
        '--subnet',
        subnet,
      ]);
      await host.run([program, 'network', 'create', ...options, name]);
    },
    async start(name, network) {
      const run = [program, 'run', '--detach', '--name', name, '--network', network];
      await host.run([...run, image, 'sleep', '100000']);
      return (await addresses(name, network))[0] ?? '';
    },
    addresses,
    run: (name, argv) => host.exec.run([program, 'exec', name, ...argv]),
    async remove(name) {
      // podman waits for 10 s before it kills a container.
      await host.run([program, 'rm', '--force', ...(program === 'podman' ? ['--time', '0'] : []), name]);
    },
  };
}
