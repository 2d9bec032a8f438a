/** One round of traffic from containers, with captures wherever it could come by. */
import { addresses } from './layout.ts';
import type { Observation } from './evidence.ts';
import type { World } from './world.ts';

export interface Sender {
  readonly name: string;
  readonly address: string;
}

const pingArgv = ['ping', '-c', '5', '-i', '0.1', '-W', '1', addresses.internet];
// wget's own time limit, -T, makes Debian 12's static busybox crash.
const wgetArgv = ['timeout', '2', 'wget', '-q', '-O', '-', `http://${addresses.internet}`];

export async function observe(world: World, senders: readonly Sender[]): Promise<Observation> {
  const filter = `ip host ${addresses.internet}`;
  const captures = await Promise.all([
    world.capture('gw1', 'eth0', filter),
    world.capture('gw1', 'uplink0', filter),
    world.capture('isp', 'eth0', filter),
  ]);
  const heard = await Promise.all(senders.map(({ name }) => talk(world, name)));
  const [gatewayLan = [], gatewayUplink = [], isp = []] = await Promise.all(
    captures.map((one) => one.stop()),
  );
  return {
    containers: senders.map(({ address }) => address),
    answers: heard.map(({ answer }) => answer),
    roundTrips: heard.map(({ roundTrip }) => roundTrip).filter((time) => time !== undefined),
    gatewayLan,
    gatewayUplink,
    isp,
  };
}

async function talk({ containers }: World, name: string) {
  const ping = await containers.run(name, pingArgv);
  const wget = await containers.run(name, wgetArgv);
  // round-trip min/avg/max = 0.113/0.255/0.398 ms
  const roundTrip = /min\/avg\/max = ([\d.]+)\//.exec(ping.stdout)?.[1];
  return {
    answer: wget.stdout.trim() || 'no answer',
    roundTrip: roundTrip === undefined ? undefined : Number(roundTrip),
  };
}
