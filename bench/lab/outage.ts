/** Outage of a container's connection while a member of its gateway is cut. */
import { setTimeout as sleep } from 'node:timers/promises';
import { families } from '../../src/address/cidr.ts';
import { endingWithStdin } from '../../src/host/process/background.ts';
import { addressesOf } from '../../src/lab/layout.ts';
import type { RoutingWorld } from '../../tests/live/routing/world.ts';

export const to = addressesOf(4).internet;

export interface Outage {
  /** milliseconds without an answer, at a ping every 5 ms */
  readonly outage: number;
  /** pings without an answer, before the last one that has one */
  readonly lost: number;
  /** packets that left by the isp */
  readonly leaked: number;
  /** no answer came right before the cut: the outage is not one of the cut */
  readonly beganUnreachable: boolean;
}

/** milliseconds from the first ping to the cut, and those before it in which an answer must have come */
const [lead, fresh] = [700, 100];

/**
 * Pings from the container, and cuts after 0.7 s.
 *
 * @param watch called after the cut; pings go on until it is done
 */
export async function measureOutage(
  world: RoutingWorld,
  cut: () => Promise<unknown>,
  watch: (cutAt: number) => Promise<unknown> = () => sleep(2300),
): Promise<Outage> {
  const { node1, isp } = world.hosts;
  const mac = (await isp.run(['cat', '/sys/class/net/eth0/address'])).trim();
  const capture = await world.capture('isp', 'eth0', `ether dst ${mac} and host ${to}`);
  const argv = ['ip', 'netns', 'exec', 'web', 'ping', '-D', '-n', '-i', '0.005', to];
  const pinging = await node1.background.start(endingWithStdin(argv));
  await sleep(lead);
  const cutAt = Date.now();
  await cut();
  await watch(cutAt);
  const { stdout } = await pinging.stop();
  const answered = [...stdout.matchAll(/^\[(\d+\.\d+)\] \d+ bytes .* icmp_seq=(\d+)/gm)];
  const times = answered.map(([, time]) => Number(time) * 1000);
  return {
    outage: Math.max(...times.slice(1).map((time, i) => time - (times[i] ?? 0))),
    lost: Number(answered.at(-1)?.[2] ?? 0) - new Set(answered.map(([, , number]) => number)).size,
    leaked: (await capture.stop()).length,
    beganUnreachable: !times.some((time) => time > cutAt - fresh && time <= cutAt),
  };
}

/** `median 139, worst 163, leaked 0`, and each outage. Rounds that began unreachable say nothing but how many they are. */
export function outageText(found: readonly Outage[]): string {
  const outages = found
    .filter(({ beganUnreachable }) => !beganUnreachable)
    .map(({ outage }) => Math.round(outage))
    .sort((a, b) => a - b);
  const leaked = found.reduce((total, one) => total + one.leaked, 0);
  const median = outages[Math.floor(outages.length / 2)];
  const others = found.length - outages.length;
  return `median ${median}, worst ${outages.at(-1)}, leaked ${leaked}, rounds that began unreachable ${others} (outages in ms: ${outages.join(' ')})`;
}

export async function answers({ containers }: RoutingWorld): Promise<boolean> {
  return (await containers.run('web', ['ping', '-c', '1', '-W', '1', to])).exitCode === 0;
}

/** Whether every ping of a whole second is answered, in both families. */
export async function answersForASecond({ containers }: RoutingWorld): Promise<boolean> {
  const found = await Promise.all(
    families.map((family) =>
      containers.run('web', [
        'ping',
        '-q',
        '-i',
        '0.02',
        '-c',
        '50',
        '-W',
        '1',
        addressesOf(family).internet,
      ]),
    ),
  );
  return found.every(({ stdout }) => stdout.includes(' 0% packet loss'));
}
