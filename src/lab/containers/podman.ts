/** Containers of a real podman, with storage, networks and configuration of the test host's own. */
import { type Address, familyOf } from '../../address/cidr.ts';
import type { EngineChoice } from '../engine.ts';
import type { TestHost } from '../test-host.ts';

import { imageFolder, type Containers } from './containers.ts';
import { makeImage } from './image.ts';

const image = 'localhost/lab';

export async function preparePodman(host: TestHost, choice: EngineChoice): Promise<Containers> {
  await Promise.all([
    makeImage(host),
    host.files.replace('/etc/containers/containers.conf', containersConf(choice)),
    host.files.replace('/etc/containers/storage.conf', storageConf),
    host.files.replace(
      '/etc/containers/policy.json',
      '{ "default": [{ "type": "insecureAcceptAnything" }] }\n',
    ),
  ]);
  // Its temporary file goes with the host, not to the machine's /tmp.
  const script = `tar -C "$0" -c . | TMPDIR=/run/lab/tmp podman import --quiet - ${image}`;
  await host.run(['sh', '-c', script, imageFolder]);
  return podmanContainers(host);
}

/** @param host one that `preparePodman` has made ready */
function podmanContainers(host: TestHost): Containers {
  return {
    async createNetwork(name, ...subnets) {
      const options = subnets.flatMap((subnet) => [
        ...(familyOf(subnet) === 6 ? ['--ipv6'] : []),
        '--subnet',
        subnet,
      ]);
      await host.run(['podman', 'network', 'create', ...options, name]);
    },
    async start(name, network) {
      await host.run([
        'podman',
        'run',
        '--detach',
        '--name',
        name,
        '--network',
        network,
        image,
        'sleep',
        '100000',
      ]);
      return (await addressesIn(host, name, network))[0] ?? '';
    },
    addresses: (name, network) => addressesIn(host, name, network),
    run: (name, argv) => host.exec.run(['podman', 'exec', name, ...argv]),
    async remove(name) {
      await host.run(['podman', 'rm', '--force', '--time', '0', name]);
    },
  };
}

async function addressesIn(host: TestHost, name: string, network: string): Promise<readonly Address[]> {
  const format = `{{with index .NetworkSettings.Networks "${network}"}}{{.IPAddress}} {{.GlobalIPv6Address}}{{end}}`;
  const said = await host.run(['podman', 'inspect', '--format', format, name]);
  return said.split(/\s+/).filter(Boolean);
}

const storageConf = `[storage]
driver = "overlay"
runroot = "/run/containers/storage"
graphroot = "/var/lib/containers/storage"
`;

/** Podman's own, and NET_RAW: busybox's ping knows no other way. */
const capabilities =
  'CHOWN DAC_OVERRIDE FOWNER FSETID KILL NET_BIND_SERVICE NET_RAW SETFCAP SETGID SETPCAP SETUID SYS_CHROOT';

/** No systemd and no journal here, and limits that an unprivileged machine allows. */
function containersConf({ engine, runtime, cgroups }: EngineChoice): string {
  return `[containers]
${cgroups ? '' : 'cgroups = "disabled"\ncgroupns = "host"\n'}default_ulimits = ["nofile=1024:1024", "nproc=4096:4096"]
default_capabilities = ${JSON.stringify(capabilities.split(' '))}
log_driver = "k8s-file"

[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
runtime = "${runtime}"

[network]
network_backend = "${engine.slice('podman-'.length)}"
`;
}
