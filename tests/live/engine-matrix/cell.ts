/** One round of a container's traffic, with captures on all allowed and forbidden paths. */
import { type Family, familyOf } from '../../../src/address/cidr.ts';
import type { Packet } from '../../../src/host/capture/packet.ts';
import { addressesOf } from '../../../src/lab/layout.ts';
import type { World } from '../../../src/lab/world.ts';
import { watchElsewhere } from '../leak-matrix/watch.ts';
import type { Container } from './container.ts';
import { type Answers, type Kind, kindOf, kinds, sendAll } from './traffic.ts';

/** Result for one kind of traffic. */
export interface Cell {
  readonly answer: string;
  /** sources seen at the gateway */
  readonly atGateway: readonly string[];
  /** sources seen upstream */
  readonly upstream: readonly string[];
  /** number of packets on other links than the declared path */
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
  // Packets on the uplink with another source than the declared one count as elsewhere.
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
