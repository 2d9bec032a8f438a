/** `drain` on a member of a gateway with BGP or OSPF: nodes and upstream router leave it by what it announces. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mustSucceed } from './program.ts';
import { startFrr } from './routing/frr.ts';
import { isSame, lostDuring, sessionsSince } from './routing/sessions.ts';
import { bgpUpstream } from './routing/upstream.ts';
import {
  type RoutingWorld,
  answers,
  createRoutingWorld,
  waitFor,
  waitForMember,
  writeFile,
} from './routing/world.ts';

/** BFD is slower than a busy machine's longest pause. */
const bfd = 'bfd: { interval: 300ms, multiplier: 10 }';
const lans = {
  BGP: `{ protocol: bgp, ${bfd} }`,
  OSPF: `{ protocol: ospf, password_file: /etc/ospf.password, hello: 1s, dead: 10s, ${bfd} }`,
} as const;
const upstream = bgpUpstream({ interval: 300, multiplier: 10 });

describe.each(['BGP', 'OSPF'] as const)('with %s between nodes and members, a member', (lan) => {
  let world: RoutingWorld;

  beforeAll(async () => {
    world = await createRoutingWorld();
    const { gw1, node1 } = world.hosts;
    await writeFile(world, lans[lan], '    snat: none\n', upstream.uplink);
    await startFrr(world.hosts.upstream, upstream.daemons, upstream.frr);
    for (const host of [gw1, world.gw2, node1]) {
      await host.files.replace('/etc/bgp.password', 'secret\n');
      await host.files.replace('/etc/ospf.password', 'secret\n');
      await mustSucceed(host, 'apply', '--yes');
    }
    await waitFor('answers', async () => (await answers(world)).every(Boolean));
    await waitForMember(world, 'gw1');
  });
  afterAll(() => world?.down());

  it('that is drained is left by its nodes without a loss, and no session begins anew', async () => {
    const { gw1, node1 } = world.hosts;
    const before = await sessionsSince(node1);
    const { lost, adjacencies } = await lostDuring(world, async () => {
      expect(await mustSucceed(gw1, 'drain')).toBe(
        `gw1 is drained\noffice: announced by ${lan}: nodes prefer other members`,
      );
      await waitForMember(world, 'gw2');
    });
    expect({ lost, adjacencies }).toEqual({ lost: 0, adjacencies: 0 });
    const after = await sessionsSince(node1);
    expect(Object.entries(before).filter(([name, since]) => !isSame(since, after[name]))).toEqual([]);
    expect(await mustSucceed(gw1, 'status')).toContain(`office: announced by ${lan}`);
  });

  it('is used while all are drained, and again when it is given back', async () => {
    const { gw1 } = world.hosts;
    await mustSucceed(world.gw2, 'drain');
    await waitForMember(world, 'gw1');
    expect(await answers(world)).toEqual([true, true]);
    await mustSucceed(world.gw2, 'undrain');
    await waitForMember(world, 'gw2');
    const { lost } = await lostDuring(world, async () => {
      await mustSucceed(gw1, 'undrain');
      await waitForMember(world, 'gw1');
    });
    expect(lost).toBe(0);
  });
});
