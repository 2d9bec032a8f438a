/** Outage of a container's connection while a member of its gateway is cut. */
import { setTimeout as sleep } from 'node:timers/promises';
import { addressesOf } from '../../src/lab/layout.ts';
import type { RoutingWorld } from '../../tests/live/routing/world.ts';

export const to = addressesOf(4).internet;

export interface Outage {
  /** milliseconds without an answer, at a ping every 5 ms */
  readonly outage: number;
  /** packets that left by the isp */
  readonly leaked: number;
}

/** Pings from the container for three seconds or until `length` is over, and cuts after 0.7 s. */
export async function measureOutage(
  world: RoutingWorld,
  cut: () => Promise<unknown>,
  length = 3000,
): Promise<Outage> {
  const { node1, isp } = world.hosts;
  const mac = (await isp.run(['cat', '/sys/class/net/eth0/address'])).trim();
  const capture = await world.capture('isp', 'eth0', `ether dst ${mac} and host ${to}`);
  const pinging = node1.run(
    ['ip', 'netns', 'exec', 'web', 'sh', '-c', `ping -D -n -i 0.005 -c ${length / 5} ${to} || :`],
    { timeout: length + 20_000 },
  );
  await sleep(700);
  await cut();
  const times = [...(await pinging).matchAll(/^\[(\d+\.\d+)\] \d+ bytes/gm)].map(([, time]) => Number(time));
  const outage = Math.max(...times.slice(1).map((time, i) => (time - (times[i] ?? 0)) * 1000));
  return { outage, leaked: (await capture.stop()).length };
}

/** `median 139, worst 163, leaked 0`, and each outage. */
export function outageText(found: readonly Outage[]): string {
  const outages = found.map(({ outage }) => Math.round(outage)).sort((a, b) => a - b);
  const leaked = found.reduce((total, one) => total + one.leaked, 0);
  const median = outages[Math.floor(outages.length / 2)];
  return `median ${median}, worst ${outages.at(-1)}, leaked ${leaked} (outages in ms: ${outages.join(' ')})`;
}

export async function answers({ containers }: RoutingWorld): Promise<boolean> {
  return (await containers.run('web', ['ping', '-c', '1', '-W', '1', to])).exitCode === 0;
}
