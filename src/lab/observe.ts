/** One round of container traffic of one family, with captures on every possible path. */
import { type Address, type Family, familyOf } from '../address/cidr.ts';
import type { Observation } from './evidence.ts';
import { addressesOf } from './layout.ts';
import type { World } from './world.ts';

export interface Sender {
  readonly name: string;
  /** one for each family */
  readonly addresses: readonly Address[];
}

const pingArgv = ['ping', '-c', '5', '-i', '0.1', '-W', '1'];
// wget's own option -T crashes Debian 12's static busybox.
const wgetArgv = ['timeout', '2', 'wget', '-q', '-O', '-'];

export async function observe(
  world: World,
  senders: readonly Sender[],
  family: Family,
): Promise<Observation> {
  const filter = `host ${addressesOf(family).internet}`;
  const captures = await Promise.all([
    world.capture('gw1', 'eth0', filter),
    world.capture('gw1', 'uplink0', filter),
    world.capture('isp', 'eth0', filter),
  ]);
  const results = await Promise.all(senders.map(({ name }) => talk(world, name, family)));
  const [gatewayLan = [], gatewayUplink = [], isp = []] = await Promise.all(
    captures.map((one) => one.stop()),
  );
  const ofFamily = (address: Address): boolean => familyOf(address) === family;
  return {
    family,
    containers: senders.flatMap(({ addresses }) => addresses.filter(ofFamily)),
    replies: results.map(({ reply }) => reply),
    roundTrips: results.map(({ roundTrip }) => roundTrip).filter((time) => time !== undefined),
    gatewayLan,
    gatewayUplink,
    isp,
  };
}

async function talk({ containers }: World, name: string, family: Family) {
  const { internet } = addressesOf(family);
  const ping = await containers.run(name, [...pingArgv, internet]);
  const url = `http://${family === 4 ? internet : `[${internet}]`}`;
  const wget = await containers.run(name, [...wgetArgv, url]);
  // Example: round-trip min/avg/max = 0.113/0.255/0.398 ms
  const roundTrip = /min\/avg\/max = ([\d.]+)\//.exec(ping.stdout)?.[1];
  return {
    reply: wget.stdout.trim() || 'no answer',
    roundTrip: roundTrip === undefined ? undefined : Number(roundTrip),
  };
}
