/** `drain` on the member itself: all nodes leave it, by what it tells them in the replies to their pings. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { endingWithStdin } from '../../src/host/process/background.ts';
import { addressesOf } from '../../src/lab/layout.ts';
import { type DrainWorld, createDrainWorld, notBy, patience } from './balance/drain-world.ts';
import { movedBetween } from './balance/leaks.ts';
import { mustSucceed, mustredirect, programPath } from './program.ts';
import { waitFor } from './routing/world.ts';

let lab: DrainWorld;

beforeAll(async () => {
  lab = await createDrainWorld();
  await lab.apply('drain');
  await lab.startAgent();
});
afterAll(() => lab?.down());

const nodeStatus = (): Promise<string> => mustSucceed(lab.world.hosts.node1, 'status');
const told = 'gw1 is drained\noffice: node1 has been told';

describe('a member that is drained on itself', () => {
  it('is left for new connections without a loss, keeps those that it has, and all hosts say so', async () => {
    const { gw1 } = lab.world.hosts;
    const leaked = await lab.leaksDuring(async () => {
      const then = await lab.begin();
      expect(notBy('gw1', then)).toEqual([]);
      const lost = await lab.newFlowsLost(async () => {
        expect(await mustSucceed(gw1, 'drain')).toBe(told);
      });
      expect(lost).toEqual([]);
      await lab.untilUsed('gw2');
      expect(notBy('gw2', await lab.begin())).toEqual([]);
      expect(movedBetween(then, await lab.untilAllAnswer(0))).toEqual([]);
      expect(await nodeStatus()).toMatch(/gw1 works, is drained \(on gw1\), keeps \d+ connections/);
    });
    expect(leaked).toEqual([]);
    expect(await mustSucceed(gw1, 'status', '--check')).toMatch(
      /\ndrained: this member, since \S+, by root\n {2}office: node1 has been told/,
    );
    expect(await mustSucceed(gw1, 'plan', '--check')).not.toContain('drained');
  });

  it('answers other pings as before, of the node and of containers', async () => {
    const { node1 } = lab.world.hosts;
    const ping = ['ping', '-c', '1', '-W', '5'];
    const { gw1 } = addressesOf(4);
    expect(await node1.run([...ping, gw1])).toContain('ttl=64');
    expect(await node1.run([...ping, '-s', '72', gw1])).toContain('ttl=254');
    expect((await lab.world.containers.run('web', [...ping, '-s', '72', gw1])).stdout).toContain('ttl=63');
  });

  it('stays drained when it is drained again, and when agent, table and file begin anew', async () => {
    const { gw1, node1 } = lab.world.hosts;
    const leaked = await lab.leaksDuring(async () => {
      const then = await Promise.all([0, 1].map(lab.untilAllAnswer));
      expect(JSON.parse(await mustSucceed(gw1, 'drain', 'gw1', '--json'))).toEqual({
        member: 'gw1',
        drained: true,
        gateways: [{ gateway: 'office', nodes: [{ node: 'node1', told: true }] }],
      });
      const killed = lab.agent();
      killed.write('KILL\n');
      await waitFor('the end of the agent', async () => killed.ended(), patience);
      await mustSucceed(node1, 'apply', '--yes');
      await lab.startAgent();
      await mustSucceed(gw1, 'apply', '--yes');
      await sleep(3000);
      expect(await nodeStatus()).toContain('gw1 works, is drained (on gw1)');
      const now = await Promise.all([0, 1].map(lab.untilAllAnswer));
      expect(now.flatMap((one, i) => movedBetween(then[i] ?? {}, one))).toEqual([]);
    });
    expect(leaked).toEqual([]);
    await gw1.run(['nft', 'delete', 'table', 'inet', 'mustredirect']);
    await mustSucceed(gw1, 'apply', '--yes');
    await waitFor('gw1 to say it again', async () => (await nodeStatus()).includes('drained (on gw1)'));
    const refused = await mustredirect(node1, 'undrain', 'gw1');
    expect(refused).toMatchObject({ exitCode: 4 });
    expect(refused.stderr).toContain('gw1 is drained, but not here');
    const unknown = await mustredirect(gw1, 'drain', 'gw9');
    expect(unknown.exitCode).toBe(4);
  });

  it('is one of all that are drained: the one in use stays', async () => {
    const { gw1 } = lab.world.hosts;
    const { gw2 } = lab.world;
    await mustSucceed(gw2, 'drain');
    await waitFor('gw2 to say so', async () => (await nodeStatus()).includes('is drained (on gw2)'));
    await lab.untilUsed('gw2');
    await Promise.all([0, 1].map(lab.untilAllAnswer));
    await mustSucceed(gw2, 'undrain');
    await waitFor('gw2 to say so', async () => !(await nodeStatus()).includes('is drained (on gw2)'));
    expect(await mustSucceed(gw1, 'status')).toContain('drained: this member');
  });

  it('is used again after undrain, without a loss, and those of the other stay', async () => {
    const { gw1 } = lab.world.hosts;
    const leaked = await lab.leaksDuring(async () => {
      const then = await lab.untilAllAnswer(1);
      expect(await lab.newFlowsLost(() => mustSucceed(gw1, 'undrain'))).toEqual([]);
      await lab.untilUsed('gw1');
      expect(movedBetween(then, await lab.untilAllAnswer(1))).toEqual([]);
    });
    expect(leaked).toEqual([]);
    expect(await nodeStatus()).not.toContain('is drained');
    const again = await mustredirect(gw1, 'undrain');
    expect(again).toMatchObject({ exitCode: 4 });
    expect(again.stderr).toContain('gw1 is not drained');
  });

  it('says with exit status 3 that nodes without an agent have not asked', async () => {
    const { gw1 } = lab.world.hosts;
    await lab.agent().stop();
    const { exitCode, stdout, stderr } = await mustredirect(gw1, 'drain', '--wait', '2s');
    expect({ exitCode, stdout }).toEqual({
      exitCode: 3,
      stdout: 'gw1 is drained\noffice: node1 has not asked yet',
    });
    expect(stderr).toContain('a node that has not asked goes on using this member');
    await lab.startAgent();
    await lab.untilUsed('gw2');
    await waitFor('node1 to be told', async () =>
      (await mustSucceed(gw1, 'status')).includes('office: node1 has been told'),
    );
  });

  it('is given back by destroy, which leaves nothing', async () => {
    const { gw1 } = lab.world.hosts;
    await mustSucceed(gw1, 'destroy', '--yes');
    expect(await gw1.run(['nft', 'list', 'tables'])).not.toContain('mustredirect');
    await waitFor('the end of the drain', async () => !(await nodeStatus()).includes('is drained'));
    await mustSucceed(gw1, 'apply', '--yes');
    expect(await mustSucceed(gw1, 'status')).not.toContain('drained: this member');
    await lab.untilUsed('gw1');
  });
});

describe('a member without a route by its uplink', () => {
  it('is left long before the probes alone would tell, since it says so itself', async () => {
    const { gw1, node1 } = lab.world.hosts;
    const route = async (): Promise<string> =>
      node1.run(['sh', '-c', 'ip route show table 2184; ip -6 route show table 2184']);
    const isLeft = async (): Promise<boolean> =>
      !/ via (?:192\.168\.50\.2|2001:db8:50::2) /.test(await route());
    expect(await isLeft()).toBe(false);
    const begin = performance.now();
    await gw1.run(['ip', 'link', 'set', 'uplink0', 'down']);
    await waitFor('both families to leave gw1', isLeft, patience);
    const took = Math.round(performance.now() - begin);
    const status = await nodeStatus();
    expect(status).toMatch(/gw1 has failed, 1 of 1 targets unreachable, as it says itself: 203\.0\.113\.250/);
    expect(status).toMatch(/unreachable, as it says itself: 2001:db8:113::fa/);
    // Ten lost probes, 200 ms apart, would take two seconds.
    expect(took).toBeLessThan(2000);
  });

  it('is used again when it has one', async () => {
    const { gw1 } = lab.world.hosts;
    await gw1.run(['ip', 'link', 'set', 'uplink0', 'up']);
    await gw1.run(['ip', 'address', 'replace', `${addressesOf(6).uplink}/64`, 'dev', 'uplink0']);
    await waitFor('the uplink to be ready', async () => {
      await mustredirect(gw1, 'apply', '--yes');
      return (await mustredirect(gw1, 'status', '--check')).exitCode === 0;
    });
    await lab.untilUsed('gw1');
    expect(await nodeStatus()).not.toContain('as it says itself');
  });
});

describe('a member whose own agent runs', () => {
  it('is drained, held so, and given back', async () => {
    const { gw1 } = lab.world.hosts;
    const agent = await gw1.background.start(endingWithStdin([programPath, 'agent']));
    const isAsSaid = async (): Promise<boolean> =>
      (await mustredirect(gw1, 'status', '--check')).exitCode === 0;
    await waitFor('the agent', async () => (await mustSucceed(gw1, 'status')).includes('agent: process'));
    expect(await mustSucceed(gw1, 'drain')).toBe(told);
    await lab.untilUsed('gw2');
    await gw1.run(['nft', 'delete', 'chain', 'inet', 'mustredirect', 'drained']);
    const chains = (): Promise<string> => gw1.run(['nft', 'list', 'table', 'inet', 'mustredirect']);
    await waitFor('its repair', async () => (await chains()).includes('chain drained'), patience);
    await waitFor('a host that is as it should be', isAsSaid, patience);
    await mustSucceed(gw1, 'undrain');
    await lab.untilUsed('gw1');
    expect(await chains()).not.toContain('chain drained');
    await agent.stop();
  });
});

describe('a member that is drained on itself, with flows keep', () => {
  it('is left by all connections, and loses no new one', async () => {
    const { gw1 } = lab.world.hosts;
    await lab.agent().stop();
    await lab.apply('keep');
    await lab.startAgent();
    await lab.untilUsed('gw1');
    const leaked = await lab.leaksDuring(async () => {
      expect(await lab.newFlowsLost(() => mustSucceed(gw1, 'drain'))).toEqual([]);
      await lab.untilUsed('gw2');
      const udp = async (): Promise<string[]> =>
        notBy('gw2', await lab.untilAllAnswer(0)).filter((key) => key.startsWith('udp'));
      await waitFor('UDP by gw2', async () => (await udp()).length === 0, patience);
    });
    expect(leaked).toEqual([]);
  });
});
