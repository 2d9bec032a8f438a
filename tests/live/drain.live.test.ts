/**
 * `flows: drain` with the agent: after a planned change of member, connections stay with the member that they have, with
 * its source NAT, and new ones leave by the next. When their member fails, they move, and TCP is reset.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Connections } from './balance/connections.ts';
import { type DrainWorld, createDrainWorld, notBy, patience } from './balance/drain-world.ts';
import { dropping, movedBetween } from './balance/leaks.ts';
import { mustSucceed } from './program.ts';
import { waitFor } from './routing/world.ts';

let lab: DrainWorld;

beforeAll(async () => {
  lab = await createDrainWorld();
  await lab.apply('drain');
  await lab.startAgent();
});
afterAll(() => lab?.down());

describe('connections of a gateway with flows drain', () => {
  it('stay with a member that is drained, and new ones leave by the next, without a loss', async () => {
    const { node1 } = lab.world.hosts;
    const leaked = await lab.leaksDuring(async () => {
      const then = await lab.begin();
      expect(notBy('gw1', then)).toEqual([]);
      expect(await lab.newFlowsLost(() => mustSucceed(node1, 'drain', 'gw1'))).toEqual([]);
      await lab.untilUsed('gw2');
      expect(notBy('gw2', await lab.begin())).toEqual([]);
      expect(movedBetween(then, await lab.untilAllAnswer(0))).toEqual([]);
      expect(await mustSucceed(node1, 'status')).toMatch(/gw1 works, is drained, keeps \d+ connections/);
    });
    expect(leaked).toEqual([]);
  });

  it('stay where they are when the agent is killed, and when the file is applied again', async () => {
    const { node1 } = lab.world.hosts;
    const leaked = await lab.leaksDuring(async () => {
      const then = await Promise.all([0, 1].map(lab.untilAllAnswer));
      const killed = lab.agent();
      killed.write('KILL\n');
      await waitFor('the end of the agent', async () => killed.ended(), patience);
      await mustSucceed(node1, 'apply', '--yes');
      await lab.startAgent();
      await sleep(1000);
      const now = await Promise.all([0, 1].map(lab.untilAllAnswer));
      expect(now.flatMap((one, i) => movedBetween(then[i] ?? {}, one))).toEqual([]);
    });
    expect(leaked).toEqual([]);
  });

  it('stay with the second member when the first one is given back', async () => {
    const { node1 } = lab.world.hosts;
    const leaked = await lab.leaksDuring(async () => {
      const then = await Promise.all([0, 1].map(lab.untilAllAnswer));
      expect(await lab.newFlowsLost(() => mustSucceed(node1, 'undrain', 'gw1'))).toEqual([]);
      await lab.untilUsed('gw1');
      expect(notBy('gw1', await lab.begin())).toEqual([]);
      const now = await Promise.all([0, 1].map(lab.untilAllAnswer));
      expect(now.flatMap((one, i) => movedBetween(then[i] ?? {}, one))).toEqual([]);
      expect(await mustSucceed(node1, 'status')).toMatch(/gw2 works, keeps \d+ connections/);
    });
    expect(leaked).toEqual([]);
  });

  it('of a member that fails move, TCP by a reset, and those of the other stay', async () => {
    const { upstream, node1 } = lab.world.hosts;
    const leaked = await lab.leaksDuring(async () => {
      const then = await Promise.all([0, 1, 2].map(lab.untilAllAnswer));
      await upstream.run(['sh', '-ec', dropping('iifname gw2')]);
      await waitFor(
        'gw2 to be known as failed',
        async () => (await mustSucceed(node1, 'status')).includes('gw2 has failed'),
        patience,
      );
      const moved = await lab.untilAllAnswer(1);
      expect(notBy('gw1', moved)).toEqual([]);
      const ofTcp = Object.entries(moved).filter(([key]) => key.startsWith('tcp'));
      expect(ofTcp.filter(([key, { ended }]) => ended === then[1]?.[key]?.ended)).toEqual([]);
      for (const i of [0, 2]) expect(movedBetween(then[i] ?? {}, await lab.untilAllAnswer(i))).toEqual([]);
      await upstream.run(['nft', 'delete', 'table', 'inet', 'f']);
    });
    expect(leaked).toEqual([]);
  });

  it('control: with flows keep, all of them move with the member', async () => {
    const { node1 } = lab.world.hosts;
    await lab.agent().stop();
    await lab.apply('keep');
    await lab.startAgent();
    await lab.untilAllAnswer(0);
    await mustSucceed(node1, 'drain', 'gw1');
    const udp = async (): Promise<Connections> =>
      Object.fromEntries(
        Object.entries(await lab.untilAllAnswer(0)).filter(([key]) => key.startsWith('udp')),
      );
    await waitFor('UDP by gw2', async () => notBy('gw2', await udp()).length === 0, patience);
    expect(notBy('gw2', await udp())).toEqual([]);
  });
});
