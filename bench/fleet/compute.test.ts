import { describe, expect, it } from 'vitest';
import type { HostObject } from '../../src/kinds/index.ts';
import type { Route } from '../../src/kinds/route/schema.ts';
import type { Rule } from '../../src/kinds/rule/schema.ts';
import { computeFleet, phases } from './compute.ts';
import { fleetFile } from './fleet-file.ts';
import { measureFleet } from './measure.ts';

const size = { nodes: 12, gateways: 3 };

type ByHost = ReadonlyMap<string, readonly HostObject[]>;

function computed(): ByHost {
  const states = new Map<string, readonly HostObject[]>();
  computeFleet(fleetFile(size), ({ host, objects }) => void states.set(host, objects));
  return states;
}

const rulesOf = (objects: readonly HostObject[] = []): Rule[] =>
  objects.filter((object): object is Rule => object.kind === 'rule');
const routesOf = (objects: readonly HostObject[] = []): Route[] =>
  objects.filter((object): object is Route => object.kind === 'route');

/** Where a host sends what comes from a subnet: `100.127.0.1 by eth0`. */
function waysOf(objects: readonly HostObject[] | undefined, subnet: string): string[] {
  const mark = markOf(objects, subnet);
  const tables = rulesOf(objects).flatMap(({ from, fwmark, device, action }) => {
    const steers =
      from === subnet ||
      (from === undefined && fwmark !== undefined && (mark & fwmark.mask) === fwmark.value);
    // One rule is for the bridge of the containers, one for this host itself.
    if (device === 'lo') return [];
    return steers && action.kind === 'lookup' ? [action.table] : [];
  });
  return routesOf(objects).flatMap(({ table, destination, target }) =>
    tables.includes(table) && destination === 'default' && target.kind === 'unicast'
      ? [`${target.via} by ${target.device}`]
      : [],
  );
}

/** What the chain that the map leads a subnet to writes; nothing where rules steer by source. */
function markOf(objects: readonly HostObject[] = [], subnet: string): number {
  const [first = '', length = ''] = subnet.split('/');
  const map = objects.find((object) => object.kind === 'nft-set' && object.name === `steer4_${length}`);
  const elements = map?.kind === 'nft-set' ? map.elements : [];
  const chain = elements.find((element) => element.startsWith(`${first} : goto to4_`))?.split(' goto ')[1];
  const rules = objects.flatMap((object) =>
    object.kind === 'nft-chain' && object.name === chain ? object.rules : [],
  );
  return Number(/ \| (0x[\da-f]+)/.exec(rules.join())?.[1] ?? 0);
}

/** Whether the guard knows of a subnet. */
function knows(objects: readonly HostObject[], subnet: string): boolean {
  const [first = '', length = ''] = subnet.split('/');
  return objects.some(
    (object) =>
      object.kind === 'nft-set' && object.name === `redirected4_${length}` && object.elements.includes(first),
  );
}

const nodes = Array.from({ length: size.nodes }, (_, i) => {
  const gateway = i % size.gateways;
  return {
    node: `node${i}`,
    subnet: `10.0.${i >> 1}.${(i & 1) * 128}/26`,
    address: `100.64.0.${i + 1}`,
    gateway: `gw${gateway}`,
    nextHop: `100.127.0.${gateway + 1}`,
  };
});

describe('a fleet', () => {
  const states = computed();
  const gateways = [...states].filter(([host]) => host.startsWith('gw'));

  it('has all hosts', () => {
    expect(states.size).toBe(size.nodes + size.gateways);
  });

  it.each(nodes)('steers $subnet on its own node, to its gateway, once', ({ node, subnet, nextHop }) => {
    const steering = [...states].filter(([, objects]) => waysOf(objects, subnet).length > 0);
    expect(steering.map(([host]) => host).filter((host) => host.startsWith('node'))).toEqual([node]);
    expect(waysOf(states.get(node), subnet)).toEqual([`${nextHop} by eth0`]);
  });

  it.each(nodes)('sends $subnet out of the uplink of its own gateway alone', ({ gateway, subnet }) => {
    const ways = gateways.map(([host, objects]) => [host, waysOf(objects, subnet)]);
    const expected = gateways.map(([host]) => [host, host === gateway ? ['203.0.113.1 by uplink0'] : []]);
    expect(ways).toEqual(expected);
  });

  it.each(nodes)('brings answers for $subnet back to its node', ({ gateway, subnet, address }) => {
    const back = gateways.map(([host, objects]) => [
      host,
      routesOf(objects).flatMap(({ destination, target }) =>
        destination === subnet && target.kind === 'unicast' ? [target.via] : [],
      ),
    ]);
    expect(back).toEqual(gateways.map(([host]) => [host, host === gateway ? [address] : []]));
  });

  it.each(nodes)('guards $subnet on its node, and on every gateway', ({ node, subnet }) => {
    const guarding = [...states].filter(([, objects]) => knows(objects, subnet));
    expect(guarding.map(([host]) => host)).toEqual([node, ...gateways.map(([host]) => host)]);
  });

  it('is told in figures', () => {
    const { seconds, phases: found, ...sample } = measureFleet(size, () => 2048);
    const objects = [...states.values()].reduce((sum, one) => sum + one.length, 0);
    expect(sample).toMatchObject({ ...size, mebibytes: 2, objects });
    expect(Object.keys(found)).toEqual([...phases]);
    expect(seconds).toBeGreaterThan(0);
  });
});
