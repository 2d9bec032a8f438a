/** Containers of a real podman, with storage, networks and configuration on the test host only. */
import type { EngineChoice } from '../engine.ts';
import type { TestHost } from '../test-host.ts';
import { imageFolder, type Containers } from './containers.ts';
import { engineContainers, image } from './engine-containers.ts';
import { makeImage } from './image.ts';

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
  // TMPDIR keeps the temporary file on the host, instead of the machine's /tmp.
  const script = `tar -C "$0" -c . | TMPDIR=/run/lab/tmp podman import --quiet - ${image}`;
  await host.run(['sh', '-c', script, imageFolder]);
  return engineContainers(host, 'podman');
}

const storageConf = `[storage]
driver = "overlay"
runroot = "/run/containers/storage"
graphroot = "/var/lib/containers/storage"
`;

/** podman's default capabilities, and NET_RAW, which busybox's ping needs. */
const capabilities =
  'CHOWN DAC_OVERRIDE FOWNER FSETID KILL NET_BIND_SERVICE NET_RAW SETFCAP SETGID SETPCAP SETUID SYS_CHROOT';

/** Configuration without systemd and journal, and with limits that an unprivileged machine allows. */
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
