import { describe, expect, it } from 'vitest';
import type { GatewayHealth } from '../../agent/members/member-status.ts';
import { noFailovers } from '../../agent/members/failovers.ts';
import { drainNotes, noOtherText } from './drain-notes.ts';

function office(used: string, ...members: GatewayHealth['members']): GatewayHealth {
  return { gateway: 'office', family: 4, used, failovers: noFailovers, members };
}

const drained = { host: 'gw1', state: 'up', drained: true } as const;
const up = { host: 'gw1', state: 'up' } as const;
const textsOf = (...asked: Parameters<typeof drainNotes>): string[] =>
  drainNotes(...asked).notes.map(({ text }) => text);

describe('a drain', () => {
  it('is done when the member is left for one that works', () => {
    const gateways = [office('gw2', drained, { host: 'gw2', state: 'up' })];
    expect(drainNotes('gw1', true, gateways)).toEqual({ notes: [], isDone: true });
  });

  it('to a member that was never probed is not done, and says so once', () => {
    const one = office('gw2', drained, { host: 'gw2', state: 'unknown' });
    const gateways = [one, { ...one, family: 6 } as const];
    expect(textsOf('gw1', true, gateways)).toEqual([expect.stringMatching(/^gw2 is not probed yet: nobody/)]);
    expect(drainNotes('gw1', true, gateways).isDone).toBe(false);
  });

  it('of the only member that works is not done', () => {
    const gateways = [office('gw1', drained, { host: 'gw2', state: 'down' })];
    expect(textsOf('gw1', true, gateways)).toEqual(['no other member works: it is left as soon as one does']);
    expect(drainNotes('gw1', true, gateways).isDone).toBe(false);
  });
});

describe('the end of a drain', () => {
  it('says why another member stays in use, as it is now', () => {
    const other = { host: 'gw2', state: 'up' } as const;
    expect(textsOf('gw1', false, [office('gw2', up, other)])).toEqual([
      'office: IPv4 leaves by gw2: gw1 works, and is used again by `failback:` of the gateway, if it comes before those in use',
    ]);
    const down = { host: 'gw1', state: 'down', fault: 'eth1 is down' } as const;
    expect(textsOf('gw1', false, [office('gw2', down, other)])[0]).toContain('gw1 has failed, eth1 is down,');
    expect(textsOf('gw1', false, [office('gw1', up, other)])).toEqual([]);
  });

  it('says that it is drained on itself as well', () => {
    const both = { ...drained, drainedByItself: true } as const;
    expect(textsOf('gw1', false, [office('gw2', both)])).toEqual([
      'gw1 stays out of use: it was drained on gw1 as well',
    ]);
  });
});

it('a drill is refused with what is known of each member', () => {
  expect(noOtherText(office('gw1', up, { host: 'gw2', state: 'unknown' }))).toEqual({
    states: 'gw1 works; gw2 is not probed yet',
    hint: expect.stringContaining('wait until') as string,
  });
  const down = { host: 'gw2', state: 'down', fault: 'eth1 is down' } as const;
  expect(noOtherText(office('gw1', up, down))).toEqual({
    states: 'gw1 works; gw2 has failed, eth1 is down',
    hint: expect.stringContaining('would be an outage') as string,
  });
});
