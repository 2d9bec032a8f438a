/** Node with four times as many networks, each with its own bridge. */
import { expect, it } from 'vitest';
import { desiredState } from '../src/desired/desired.ts';
import { hostRole } from '../src/topology/topology.ts';
import { countWork } from './growth/count-work.ts';
import { manyNetworks, specOf, subnetAt } from './growth/given.ts';
import { givenFacts } from './given/facts.ts';

async function workOf(size: number): Promise<number> {
  const text = manyNetworks(size).replace(/node\d+: 10\./g, 'node0: 10.');
  const spec = specOf(text);
  const bridges = Array.from({ length: size }, (_, i) => ({
    name: `br${i}`,
    index: i + 10,
    ethernet: true,
    type: 'bridge',
    addresses: [subnetAt(i).replace('.0/24', '.1/24')],
  }));
  const routes = bridges.map(({ name }, i) => ({ destination: subnetAt(i), device: name }));
  const { links, foreignRoutes } = givenFacts();
  const facts = givenFacts({ links: [...links, ...bridges], foreignRoutes: [...foreignRoutes, ...routes] });
  const role = hostRole(spec, 'node0');
  return countWork(() => {
    expect(Object.keys(desiredState(role, spec.gateways, facts).bridges)).toHaveLength(size);
  });
}

it('compares each network with each link once, and costs no more than that', async () => {
  const few = await workOf(50);
  const many = await workOf(200);
  expect(many / few).toBeLessThan(16);
});
