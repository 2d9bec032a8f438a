/** The recipe by hand, with seven tunnels: packets look as they shall look with mustredirect. */
import { release } from 'node:os';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type World, thisMachine } from '../../src/lab/world.ts';
import { createTestWorld } from '../live/test-world.ts';
import { factsWanted, readFacts } from './tunnel-facts.ts';
import { containerOf, families, makeFarEnds, makeUnderlay, networkOf, subnetsOf, tunnels } from './tunnel.ts';
import { redirectTunnelsByHand } from './tunnels-by-hand.ts';

describe(`kernel ${release()}`, () => {
  let world: World;

  beforeAll(async () => {
    for (const module of ['ip_gre', 'ip6_gre', 'sit', 'ip6_tunnel', 'wireguard']) {
      await thisMachine().exec.run(['modprobe', module]);
    }
    world = await createTestWorld({ engine: 'external', families });
    for (const index of tunnels.keys()) {
      await world.containers.createNetwork(networkOf(index), ...subnetsOf(index));
      await world.containers.start(containerOf(index), networkOf(index));
    }
    await makeUnderlay(world);
    await makeFarEnds(world, ({ farFirst }) => farFirst);
  });
  afterAll(() => world.down());

  it('has the facts that are expected of mustredirect', async () => {
    const takeAway = await redirectTunnelsByHand(world);
    const facts = await readFacts(world);
    await takeAway();
    expect(facts).toEqual(tunnels.map((tunnel, index) => factsWanted(tunnel, index, tunnel.packets)));
  });
});
