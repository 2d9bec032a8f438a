/** One container's round of traffic, with captures wherever a packet of it may or must not come by. */
import { type Family, familyOf } from '../../../src/address/cidr.ts';
import type { Packet } from '../../../src/host/capture/packet.ts';
import { addressesOf } from '../../../src/lab/layout.ts';
import type { World } from '../../../src/lab/world.ts';
import { watchElsewhere } from '../leak-matrix/watch.ts';
import type { Container } from './container.ts';
import { type Answers, type Kind, kindOf, kinds, sendAll } from './traffic.ts';

/** What a kind of traffic showed. */
export interface Cell {
  readonly answer: string;
  /** who sent it, as the gateway saw it arrive */
  readonly atGateway: readonly string[];
  /** the same upstream */
  readonly upstream: readonly string[];
  /** packets on links that are not the declared way */
  readonly elsewhere: number;
}

export type Round = Readonly<Record<Kind, Cell>>;

export async function runRound(world: World, container: Container, family: Family): Promise<Round> {
  const toInternet = `dst host ${addressesOf(family).internet}`;
  const [watch, gateway, upstream] = await Promise.all([
    watchElsewhere(world),
    world.capture('gw1', 'eth0', toInternet),
    world.capture('upstream', 'gw1', toInternet),
  ]);
  const answers = await sendAll(world, container, family);
  const [seen, atGateway, atUpstream] = await Promise.all([
    watch.stop((read) => read()),
    gateway.stop(),
    upstream.stop(),
  ]);
  const ofFamily = ({ destination }: Packet): boolean => familyOf(destination) === family;
  // Out of the uplink with an address that is not the declared one is not the declared way.
  const elsewhere = [...Object.values(seen.elsewhere).flat(), ...seen.untranslated].filter(ofFamily);
  return roundOf(answers, { atGateway, atUpstream, elsewhere });
}

type Seen = Readonly<Record<'atGateway' | 'atUpstream' | 'elsewhere', readonly Packet[]>>;

function roundOf(answers: Answers, { atGateway, atUpstream, elsewhere }: Seen): Round {
  const cell = (kind: Kind): Cell => {
    const of = (packets: readonly Packet[]) => packets.filter((packet) => kindOf(packet) === kind);
    const sources = (packets: readonly Packet[]) => [...new Set(of(packets).map(({ source }) => source))];
    return {
      answer: answers[kind],
      atGateway: sources(atGateway),
      upstream: sources(atUpstream),
      elsewhere: of(elsewhere).length,
    };
  };
  return Object.fromEntries(kinds.map((kind) => [kind, cell(kind)])) as Round;
}
