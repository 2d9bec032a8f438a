/** Running containers of a network, used as senders of packets. */
import { type Subnet, contains } from '../../address/cidr.ts';
import { getRoute } from '../../host/ip/routes.ts';
import type { NetworkFacts } from '../../state/facts.ts';
import { type LiveHost, type Sender, execIn } from '../live-host.ts';
import type { Target } from '../target.ts';

/**
 * A running container whose packets to these targets leave by this network; a container in several networks may use
 * another one. Undefined when there is none.
 */
export async function runningContainer(
  host: LiveHost,
  network: NetworkFacts | undefined,
  subnets: readonly Subnet[],
  targets: readonly Target[],
): Promise<Sender | undefined> {
  for (const { name, running, pid } of network?.attached ?? []) {
    if (!running || !pid) continue;
    const source = await commonSource(host, pid, targets);
    if (source && subnets.some((subnet) => contains(subnet, source))) {
      return { pid, source, from: `container ${name} (${source})` };
    }
  }
  return undefined;
}

/** Source address that a process's namespace uses for all of these targets. */
async function commonSource(
  host: LiveHost,
  pid: number,
  targets: readonly Target[],
): Promise<string | undefined> {
  const routes = await Promise.all(
    targets.map(({ address }) => getRoute(execIn(host, pid), address).catch(() => undefined)),
  );
  const sources = new Set(routes.map((route) => route?.prefsrc));
  return sources.size === 1 ? [...sources][0] : undefined;
}
