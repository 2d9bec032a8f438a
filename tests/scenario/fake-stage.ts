/** Fake host for a scenario. */
import { type FakeHost, createFakeHost } from '../fake-host/fake-host.ts';
import { dockerChains } from '../fake-host/iptables.ts';
import { readRoute } from '../fake-host/ip-routes.ts';
import { readRule } from '../fake-host/ip-rules.ts';
import { networkFile } from '../fake-host/podman.ts';
import { readWords } from '../fake-host/words.ts';
import type { Stage } from './play.ts';
import type { Scenario } from './scenario.ts';

export interface FakeStage extends Stage {
  readonly host: FakeHost;
}

export async function setFakeStage(scenario: Scenario): Promise<FakeStage> {
  const { links, routes, rules, podman, docker, dockerForwards, sysctls } = scenario;
  const files = podman?.networks.map((network) => networkFile(podman.backend, network)) ?? [];
  const host = createFakeHost({
    links: Object.entries(links).map(([name, link]) => ({ name, ...link })),
    routes: routes.map((text) => readRoute(readWords(text))),
    rules: rules.map((text) => readRule(readWords(text))),
    files: new Map([...files, ...Object.entries(scenario.files)]),
    ...(dockerForwards ? { iptables: dockerChains } : {}),
    podman: podman && { backend: podman.backend, containers: [] },
    docker: docker && { ...docker, containers: [] },
  });
  for (const [path, value] of Object.entries(sysctls)) await host.files.overwrite(`/proc/sys/${path}`, value);
  return {
    host,
    dump: async () => host.dump(),
    trace: async () => `${host.dump()}\n${host.events.filter(({ changes }) => changes).length} changes`,
    setContainers(containers) {
      if (podman) host.state.podman = { backend: podman.backend, containers };
      const { docker: now } = host.state;
      if (now) host.state.docker = { ...now, containers };
    },
  };
}
