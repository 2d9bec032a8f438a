import { describe, expect, it } from 'vitest';
import { eventText } from '../event/event-text.ts';
import { givenFacts } from '../../../tests/given/facts.ts';
import { desiredState } from '../../desired/desired.ts';
import type { Verdicts } from '../../health/verdict.ts';
import { parseSpec } from '../../spec/parse.ts';
import type { Link } from '../../state/facts.ts';
import { hostRole } from '../../topology/topology.ts';
import { createMembers } from './members.ts';
import { type Probe, wantedProbes, wantedQuestions } from './wanted-probes.ts';

const text = `version: 1
hosts:
  node1: [192.168.50.10, 'fd00:50::10']
  gw1: [192.168.50.2, 'fd00:50::2']
  gw2: [192.168.50.3, 'fd00:50::3']
networks:
  web: { engine: external, subnets: { node1: [10.89.4.0/24, 'fd89:4::/64'] }, via: office }
gateways:
  office:
    members: [{ host: gw1, uplink: { device: eth1 } }, { host: gw2, uplink: { device: eth1 } }]
    check: { targets: [1.1.1.1, 9.9.9.9], interval: 50ms }
`;
const parsed = parseSpec(text);
if (parsed.kind === 'problems') throw new Error(JSON.stringify(parsed.problems));
const { spec } = parsed;
const role = hostRole(spec, 'node1');

const lan: Link = {
  name: 'eth0',
  index: 2,
  ethernet: true,
  addresses: ['192.168.50.10/24', 'fd00:50::10/64'],
};
const bridge: Link = {
  name: 'br0',
  index: 3,
  ethernet: true,
  type: 'bridge',
  addresses: ['10.89.4.1/24', 'fd89:4::1/64'],
};
const factsWith = (...links: readonly Link[]) =>
  givenFacts({ links, sysctls: { 'net.ipv4.ip_forward': '1', 'net.ipv6.conf.all.forwarding': '1' } });

function probesWith(...links: readonly Link[]): Probe[] {
  const facts = factsWith(...links);
  return wantedProbes({ role, facts, desired: desiredState(role, spec.gateways, facts) });
}

describe('the probes of a node', () => {
  it('go through each member, with the address of the bridge, to the targets of the family', () => {
    expect(probesWith(lan, bridge).map(({ argv }) => argv.join(' '))).toEqual([
      'ping -n -O -i 0.05 -m 255 -I 10.89.4.1 1.1.1.1',
      'ping -n -O -i 0.05 -m 255 -I 10.89.4.1 9.9.9.9',
      'ping -n -O -i 0.05 -m 254 -I 10.89.4.1 1.1.1.1',
      'ping -n -O -i 0.05 -m 254 -I 10.89.4.1 9.9.9.9',
      'ping -n -O -i 0.05 -m 255 -I fd89:4::1 fd00:50::2',
      'ping -n -O -i 0.05 -m 254 -I fd89:4::1 fd00:50::3',
    ]);
  });

  it('are not sent while no bridge has an address to send them with', () => {
    expect(probesWith(lan)).toEqual([]);
  });
});

describe('the questions of a node', () => {
  const questions = (...links: readonly Link[]): string[] =>
    wantedQuestions({ role, facts: factsWith(...links) }).map(({ argv }) => argv.join(' '));

  it('go to each member, from the address that the file gives the node, also without a bridge', () => {
    expect(questions(lan)).toEqual([
      'ping -n -O -s 72 -i 0.05 -I 192.168.50.10 192.168.50.2',
      'ping -n -O -s 72 -i 0.05 -I fd00:50::10 fd00:50::2',
      'ping -n -O -s 72 -i 0.05 -I 192.168.50.10 192.168.50.3',
      'ping -n -O -s 72 -i 0.05 -I fd00:50::10 fd00:50::3',
    ]);
    expect(wantedQuestions({ role, facts: factsWith(lan) })[0]).toMatchObject({
      member: 'gw1',
      addresses: ['192.168.50.2'],
      question: true,
    });
  });

  it('are not sent in a family of which the node has no such address', () => {
    expect(questions({ ...lan, addresses: ['192.168.50.99/24', 'fd00:50::10/64'] })).toHaveLength(2);
  });

  it('are sent once for a member of several gateways, and at least every second', () => {
    const [gateway] = role.failover ?? [];
    if (!gateway) throw new Error('no gateway');
    const slow = { ...gateway, policy: { ...gateway.policy, interval: 5000 } };
    const withGateways = (...failover: (typeof gateway)[]) =>
      wantedQuestions({ role: { ...role, failover }, facts: factsWith(lan) }).map(({ interval }) => interval);
    expect(withGateways(slow)).toEqual([1000, 1000, 1000, 1000]);
    expect(withGateways(gateway, slow)).toEqual([50, 50, 50, 50]);
    const [only] = gateway.members;
    expect(withGateways({ ...gateway, members: only ? [only] : [] })).toEqual([]);
  });
});

/** Members on a clock of their own. */
function started() {
  let time = 0;
  const timers: { at: number; work: () => void }[] = [];
  const published: Verdicts[] = [];
  const log: string[] = [];
  /** about single members */
  const told: string[] = [];
  const members = createMembers({
    id: 'this',
    now: () => time,
    later: (milliseconds, work) => timers.push({ at: time + milliseconds, work }),
    publish(verdicts, changes) {
      published.push(verdicts);
      log.push(...changes.map(eventText));
    },
    emit: (event) => (event.kind === 'member' ? told : log).push(eventText(event)),
  });
  const probes = probesWith(lan, bridge);
  /** Rounds of probes; those through the silent member are lost. */
  const rounds = (count: number, silent?: string | readonly string[], family?: 4 | 6): void => {
    for (let i = 0; i < count; i += 1) {
      time += 50;
      for (const probe of probes) {
        const isSilent = [silent ?? []].flat().includes(probe.member);
        const lost = isSilent && (family === undefined || probe.family === family);
        members.sample(probe, { roundTrip: lost ? undefined : 5 });
      }
    }
  };
  const refuse = (member: string, target: string): void => {
    const probe = probes.find((one) => one.member === member && one.target === target);
    if (probe) members.sample(probe, { roundTrip: undefined, refused: true });
  };
  /** A member answers at all of its addresses. */
  const answer = (member: string, drained: boolean): void =>
    (spec.hosts[member] ?? ['192.168.50.99']).forEach((target) =>
      members.answer({ member, target }, drained),
    );
  /** Time passes without a sample. */
  const wait = (milliseconds: number): void => {
    time += milliseconds;
    for (const { at, work } of timers.splice(0)) {
      if (at <= time) work();
      else timers.push({ at, work });
    }
  };
  return { members, published, log, told, rounds, refuse, answer, wait };
}

describe('members', () => {
  it('are left family by family, and the verdict is published', () => {
    const { members, published, log, rounds } = started();
    members.follow(role, factsWith(lan, bridge), []);
    rounds(20);
    expect(published).toEqual([]);
    rounds(3, 'gw1', 6);
    expect(published).toMatchObject([{ office: { members: ['gw1', 'gw2'], used: { 6: { host: 'gw2' } } } }]);
    expect(published[0]?.['office']?.used).not.toHaveProperty('4');
    rounds(3, 'gw1', 4);
    expect(published.at(-1)).toMatchObject({ office: { used: { 4: { host: 'gw2' }, 6: { host: 'gw2' } } } });
    expect(log).toEqual([
      'gateway office: IPv6 leaves by gw2 instead of gw1: gw1: 1 of 1 targets unreachable: fd00:50::2',
      'gateway office: IPv4 leaves by gw2 instead of gw1: gw1: 2 of 2 targets unreachable: 1.1.1.1 9.9.9.9',
    ]);
    expect(members.status()).toMatchObject([
      {
        gateway: 'office',
        family: 4,
        used: 'gw2',
        members: [{ host: 'gw1', state: 'down' }, { state: 'up' }],
      },
      { gateway: 'office', family: 6, used: 'gw2' },
    ]);
  });

  it('go on with the member of the verdict that an earlier agent has left', () => {
    const { members, published, rounds } = started();
    const used = { host: 'gw2', since: '2026-11-29T18:00:00.000Z', why: 'gw1: cut' };
    const verdicts = { office: { members: ['gw1', 'gw2'], used: { 4: used } } };
    members.follow(role, { ...factsWith(lan, bridge), verdicts }, []);
    rounds(20);
    expect(members.status()).toMatchObject([
      { family: 4, used: 'gw2', why: 'gw1: cut' },
      { family: 6, used: 'gw1' },
    ]);
    expect(published).toEqual([]);
  });

  it('stay when their common link goes: no other one is better', () => {
    const { members, published, rounds } = started();
    members.follow(role, factsWith(lan, bridge), []);
    rounds(20);
    members.follow(role, factsWith({ ...lan, noCarrier: true }, bridge), []);
    expect(published).toEqual([]);
    expect(members.status()[0]?.members).toMatchObject([
      { state: 'down', fault: 'eth0 has no carrier' },
      { state: 'down' },
    ]);
  });

  it('are left when an operator drains them, and used again when they are given back', () => {
    const { members, log, rounds } = started();
    members.follow(role, factsWith(lan, bridge), []);
    rounds(20);
    members.follow(role, factsWith(lan, bridge), ['gw1']);
    expect(members.status()).toMatchObject([
      { family: 4, used: 'gw2', why: 'gw1 was drained', members: [{ drained: true, state: 'up' }, {}] },
      { family: 6, used: 'gw2' },
    ]);
    rounds(700);
    members.follow(role, factsWith(lan, bridge), []);
    expect(members.status().map(({ used }) => used)).toEqual(['gw1', 'gw1']);
    expect(log.at(-1)).toBe('gateway office: IPv6 leaves by gw1 instead of gw2: gw1 works again');
  });

  it('are left when they say that they are drained, and used again when they do not any more', () => {
    const { members, published, told, rounds, answer } = started();
    members.follow(role, factsWith(lan, bridge), []);
    rounds(20);
    answer('gw1', false);
    answer('gw9', true);
    expect(published).toEqual([]);
    answer('gw1', true);
    expect(published).toMatchObject([
      { office: { drained: ['gw1'], used: { 4: { host: 'gw2' }, 6: { host: 'gw2' } } } },
    ]);
    expect(members.status()).toMatchObject([
      {
        family: 4,
        used: 'gw2',
        why: 'gw1 was drained',
        members: [{ drained: true, drainedByItself: true, state: 'up' }, {}],
      },
      { family: 6, used: 'gw2' },
    ]);
    expect(members.status()[0]?.members[1]).not.toHaveProperty('drained');
    answer('gw1', true);
    // A look at the host finds nothing drained on this node.
    members.follow(role, { ...factsWith(lan, bridge), verdicts: published[0] ?? {} }, []);
    rounds(700);
    expect(members.status().map(({ used }) => used)).toEqual(['gw2', 'gw2']);
    expect(published).toHaveLength(1);
    answer('gw1', false);
    expect(published.at(-1)?.['office']).not.toHaveProperty('drained');
    rounds(1);
    expect(members.status().map(({ used }) => used)).toEqual(['gw1', 'gw1']);
    expect(told.slice(-4)).toEqual([
      'gateway office: IPv4 member gw1 is drained, as it says itself',
      'gateway office: IPv6 member gw1 is drained, as it says itself',
      'gateway office: IPv4 member gw1 is given back, and works',
      'gateway office: IPv6 member gw1 is given back, and works',
    ]);
  });

  it('are drained while any of their addresses says so, and do not go to and fro between the answers', () => {
    const { members, published, answer, wait } = started();
    const say = (target: string, drained: boolean): void => {
      members.answer({ member: 'gw1', target }, drained);
      wait(1000);
    };
    members.follow(role, factsWith(lan, bridge), []);
    for (let i = 0; i < 20; i += 1) {
      say('192.168.50.2', true);
      say('fd00:50::2', false);
      members.follow(role, { ...factsWith(lan, bridge), verdicts: published[0] ?? {} }, []);
    }
    expect(published).toMatchObject([{ office: { drained: ['gw1'] } }]);
    answer('gw1', false);
    expect(published).toHaveLength(2);
    expect(published[1]?.['office']).not.toHaveProperty('drained');
  });

  it('are given back without an address that has said that they are drained, and is silent', () => {
    const { members, published, answer, wait } = started();
    members.follow(role, factsWith(lan, bridge), []);
    answer('gw1', true);
    wait(60_000);
    members.answer({ member: 'gw1', target: '192.168.50.2' }, true);
    for (let i = 0; i < 9; i += 1) {
      wait(1000);
      members.answer({ member: 'gw1', target: '192.168.50.2' }, false);
    }
    expect(published).toHaveLength(2);
    expect(published[1]?.['office']).not.toHaveProperty('drained');
  });

  it('stay out of use for a new agent until they answer, when they were drained on themselves', () => {
    const { members, published, rounds, answer } = started();
    const used = { host: 'gw2', since: '2026-11-29T18:00:00.000Z', why: 'gw1 was drained' };
    const verdicts = {
      office: { members: ['gw1', 'gw2'], used: { 4: used, 6: used }, drained: ['gw1'] },
    };
    members.follow(role, { ...factsWith(lan, bridge), verdicts }, []);
    rounds(700);
    expect(members.status()).toMatchObject([
      { used: 'gw2', members: [{ drainedByItself: true }, {}] },
      { used: 'gw2' },
    ]);
    expect(published).toEqual([]);
    answer('gw1', false);
    rounds(1);
    expect(members.status().map((one) => one.used)).toEqual(['gw1', 'gw1']);
  });

  it('stay in use when all say that they are drained, and are drained here and there independently', () => {
    const { members, rounds, answer } = started();
    members.follow(role, factsWith(lan, bridge), ['gw1']);
    rounds(20);
    answer('gw1', true);
    answer('gw2', true);
    rounds(100);
    expect(members.status().map(({ used }) => used)).toEqual(['gw2', 'gw2']);
    answer('gw1', false);
    rounds(700);
    expect(members.status()[0]).toMatchObject({ used: 'gw2', members: [{ drained: true }, {}] });
    expect(members.status()[0]?.members[0]).not.toHaveProperty('drainedByItself');
  });

  it('are left with the first probe to each target for which they say that they have no way', () => {
    const { members, log, rounds, refuse } = started();
    members.follow(role, factsWith(lan, bridge), []);
    rounds(20);
    refuse('gw1', '1.1.1.1');
    expect(members.status()[0]?.used).toBe('gw1');
    refuse('gw1', '9.9.9.9');
    expect(members.status()[0]?.used).toBe('gw2');
    expect(log).toEqual([
      'gateway office: IPv4 leaves by gw2 instead of gw1: gw1: 2 of 2 targets unreachable, as it says itself: 1.1.1.1 9.9.9.9',
    ]);
    rounds(700);
    expect(members.status()[0]?.used).toBe('gw1');
  });

  it('have their verdict published until runs read it', () => {
    const { members, published, rounds, wait } = started();
    members.follow(role, factsWith(lan, bridge), []);
    rounds(20);
    rounds(3, 'gw1');
    const count = published.length;
    // Where it cannot be written, every look finds that.
    members.follow(role, factsWith(lan, bridge), []);
    members.follow(role, factsWith(lan, bridge), []);
    expect(published).toHaveLength(count);
    wait(5000);
    members.follow(role, factsWith(lan, bridge), []);
    members.follow(role, factsWith(lan, bridge), []);
    expect(published).toHaveLength(count + 1);
    const verdicts = JSON.parse(JSON.stringify(published.at(-1))) as Verdicts;
    members.follow(role, { ...factsWith(lan, bridge), verdicts }, []);
    expect(published).toHaveLength(count + 1);
  });

  it('are forgotten when nothing is applied', () => {
    const { members, rounds } = started();
    members.follow(role, factsWith(lan, bridge), []);
    members.follow({ networks: [] }, factsWith(), []);
    rounds(20, 'gw1');
    expect(members.status()).toEqual([]);
  });
});

describe('an outage of all members', () => {
  const direct = parseSpec(text.replace('via: office }', 'via: office, when_down: direct }'));
  if (direct.kind === 'problems') throw new Error(JSON.stringify(direct.problems));
  const leaving = hostRole(direct.spec, 'node1');
  const both = ['gw1', 'gw2'];
  const begun = (ledger = {}) => {
    const outage = { since: '2026-11-29T18:00:00.000Z', why: 'no member works: cut', agent: 'earlier' };
    const verdicts = { office: { members: both, used: {}, outage: { 4: outage } } };
    return { ...factsWith(lan, bridge), verdicts, ledger };
  };

  it('is published family by family, and ends with the first member that works', () => {
    const { members, published, log, rounds } = started();
    members.follow(leaving, factsWith(lan, bridge), []);
    rounds(20);
    rounds(40, both, 4);
    expect(published).toMatchObject([{ office: { outage: { 4: { agent: 'this' } } } }]);
    expect(published[0]?.['office']?.outage).not.toHaveProperty('6');
    expect(members.status()).toMatchObject([
      {
        family: 4,
        used: 'gw1',
        outage: { why: expect.stringContaining('no member works: gw1: 2 of 2') as string },
      },
      { family: 6 },
    ]);
    rounds(40, 'gw1', 4);
    expect(published.at(-1)?.['office']).not.toHaveProperty('outage');
    expect(log).toMatchObject([
      expect.stringContaining('IPv4 of web leaves directly: no member works: gw1: '),
      expect.stringContaining('leaves by gw2 instead of gw1'),
      'gateway office: IPv4 leaves by gw2 again, and not directly',
    ]);
  });

  it('is no verdict where no network leaves directly', () => {
    const { members, published, rounds } = started();
    members.follow(role, factsWith(lan, bridge), []);
    rounds(20);
    rounds(1000, both);
    expect(published).toEqual([]);
  });

  it('begins in time where nothing is probed any more', () => {
    const { members, published, rounds, wait } = started();
    members.follow(leaving, factsWith(lan, bridge), []);
    rounds(20);
    members.follow(leaving, factsWith({ ...lan, noCarrier: true }, bridge), []);
    wait(900);
    expect(published).toEqual([]);
    wait(200);
    expect(published.at(-1)).toMatchObject({
      office: {
        outage: { 4: { why: 'no member works: gw1: eth0 has no carrier; gw2: eth0 has no carrier' } },
      },
    });
  });

  it('that an earlier agent has found goes on where networks leave directly for it, and nowhere else', () => {
    const { members, published } = started();
    members.follow(leaving, begun({ leavesDirectly: { web: [4] } }), []);
    expect(published).toMatchObject([
      { office: { outage: { 4: { why: 'no member works: cut', agent: 'this' } } } },
    ]);
    const other = started();
    other.members.follow(leaving, begun(), []);
    expect(other.published).toEqual([{}]);
  });
});

describe('members of a gateway with flows drain', () => {
  const draining = {
    ...role,
    failover: (role.failover ?? []).map((gateway) => ({ ...gateway, drainsFlows: true as const })),
  };

  it('keep their connections when they are drained, and lose them when they fail', () => {
    const { members, published, rounds } = started();
    members.follow(draining, factsWith(lan, bridge), []);
    rounds(20);
    members.follow(draining, factsWith(lan, bridge), ['gw1']);
    expect(published.at(-1)).toMatchObject({ office: { used: { 4: { host: 'gw2' }, 6: { host: 'gw2' } } } });
    expect(published.at(-1)?.['office']).not.toHaveProperty('failed');
    rounds(3, 'gw1', 4);
    expect(published.at(-1)).toMatchObject({
      office: { failed: { 4: ['gw1'] }, used: { 4: { host: 'gw2' } } },
    });
    expect(published.at(-1)?.['office']?.failed).not.toHaveProperty('6');
    rounds(20);
    expect(published.at(-1)?.['office']).not.toHaveProperty('failed');
  });

  it('have failed for a new agent, too, until they answer', () => {
    const { members, published, rounds } = started();
    const used = { host: 'gw2', since: '2026-11-29T18:00:00.000Z', why: 'gw1: cut' };
    const verdicts = { office: { members: ['gw1', 'gw2'], used: { 4: used }, failed: { 4: ['gw1'] } } };
    members.follow(draining, { ...factsWith(lan, bridge), verdicts }, []);
    rounds(3, 'gw1');
    expect(published.filter(({ office }) => !office?.failed?.[4])).toEqual([]);
    rounds(20);
    expect(published.at(-1)?.['office']).not.toHaveProperty('failed');
  });

  it('keep their connections while no member answers', () => {
    const { members, published, rounds } = started();
    members.follow(draining, factsWith(lan, bridge), []);
    rounds(20);
    members.follow(draining, factsWith(lan, bridge), ['gw1']);
    rounds(30);
    rounds(20, ['gw1', 'gw2']);
    expect(published.flatMap(({ office }) => (office?.failed ? [office.failed] : []))).toEqual([]);
    // One of them comes back: the other has failed.
    rounds(20, ['gw1']);
    expect(published.at(-1)).toMatchObject({ office: { failed: { 4: ['gw1'], 6: ['gw1'] } } });
  });
});
