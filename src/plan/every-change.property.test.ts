/** A plan makes every change between two states exactly once. */
import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Family } from '../address/cidr.ts';
import type { Action } from '../kinds/action.ts';
import { type Change, type HostObject, objectKey } from '../kinds/index.ts';
import { objectOfChange } from '../kinds/object-kind.ts';
import { lastMetric, preferences } from '../kinds/ownership.ts';
import { noDecisions } from '../kinds/flows/nat-decisions.ts';
import { compareStates } from './compare.ts';
import { makePlan } from './make-plan.ts';
import { isNftObject } from './nft-text.ts';
import { printChange } from './print.ts';
import type { PlanLine } from './step.ts';

const subnets: Readonly<Record<Family, readonly string[]>> = {
  4: ['10.89.4.0/24', '10.89.5.0/24'],
  6: ['fd89:4::/64', 'fd89:5::/64'],
};
const family = fc.constantFrom<Family[]>(4, 6);

/** Our preferences, adjacent ones, and any other: foreign programs may use our protocol number. */
const preference = fc.oneof(
  fc.constantFrom(...Object.values(preferences)),
  fc.integer({ min: 3998, max: 5001 }),
  fc.integer({ min: 0, max: 0xffffffff }),
);
const rule = fc
  .record({
    family,
    preference,
    source: fc.constantFrom(0, 1, undefined),
    action: fc.constantFrom(
      { kind: 'lookup', table: 2184 } as const,
      { kind: 'lookup', table: 254 } as const,
      { kind: 'goto', preference: 4999 } as const,
      { kind: 'prohibit' } as const,
      { kind: 'nop' } as const,
    ),
  })
  .map(({ source, ...rest }): HostObject => {
    const from = source === undefined ? undefined : subnets[rest.family][source];
    return { kind: 'rule', ...rest, ...(from === undefined ? {} : { from }) };
  });
const route = fc
  .record({
    family,
    table: fc.constantFrom(254, 2184, 999),
    metric: fc.constantFrom(0, 1024, lastMetric),
    device: fc.constantFrom('eth0', 'eth1', undefined),
  })
  .map(({ device, ...rest }): HostObject => {
    const target =
      device === undefined ? ({ kind: 'unreachable' } as const) : ({ kind: 'unicast', device } as const);
    return { kind: 'route', destination: 'default', ...rest, target };
  });
const tunnel = fc
  .record({
    device: fc.constantFrom('gre1', 'gre2'),
    type: fc.constantFrom('gre' as const, 'ip6tnl' as const),
    key: fc.constantFrom(7, 8, undefined),
    addresses: fc.constantFrom([], ['172.31.0.1/30'], ['172.31.0.1/30', '2001:db8:31::1/64']),
  })
  .map(({ key, ...rest }): HostObject => ({
    kind: 'tunnel',
    ...rest,
    local: '192.0.2.1',
    remote: '198.51.100.1',
    ...(key === undefined ? {} : { key }),
    ttl: 64,
    mtu: 1472,
  }));
const daemon = fc
  .record({ config: fc.constantFrom('', 'protocol device {\n}\n'), stopped: fc.boolean() })
  .map(({ config, stopped }): HostObject => ({
    kind: 'routing-daemon',
    config,
    ...(stopped ? { stopped } : {}),
  }));
const policy = fc
  .record({ family, bit: fc.constantFrom(128, 64, undefined) })
  .map(({ family: of, bit }): HostObject => {
    const from = subnets[of][0] ?? '';
    return { kind: 'xfrm-policy', family: of, from, ...(bit === undefined ? {} : { bit }) };
  });
const iptablesRule = fc
  .record({ family, late: fc.boolean(), chain: fc.constantFrom('DOCKER-USER', 'FORWARD') })
  .map(({ late, ...rest }): HostObject => {
    const args = ['-j', 'ACCEPT'];
    return { kind: 'iptables-rule', table: 'filter', ...rest, args, ...(late ? { late } : {}) };
  });
const network = fc
  .constantFrom('web', 'db')
  .map((name): HostObject => ({ kind: 'engine-network', engine: 'podman', name, subnets: [] }));
/** Both states of a host have the same sysctls with different values. */
const settings = fc
  .record({ forwarding: fc.constantFrom('0', '1'), mark: fc.constantFrom('0', '1') })
  .map(({ forwarding, mark }): HostObject[] => [
    { kind: 'sysctl', name: 'net.ipv4.ip_forward', value: forwarding },
    { kind: 'sysctl', name: 'net.ipv4.conf.eth0.src_valid_mark', value: mark },
  ]);
const masquerade = fc.boolean().map((enabled): HostObject => {
  const file = '/etc/cni/net.d/web.conflist';
  return { kind: 'engine-masquerade', engine: 'cni', network: 'web', file, setting: 'ipMasq', enabled };
});
const nft = fc
  .record({ name: fc.constantFrom('a', 'b', 'c'), rules: fc.subarray(['accept', 'drop', 'return']) })
  .map((rest): HostObject => ({ kind: 'nft-chain', ...rest }));

const state = fc
  .tuple(
    fc.array(fc.oneof(rule, rule, route, tunnel, daemon, policy, iptablesRule, network, nft)),
    settings,
    masquerade,
  )
  .map(([objects, fixed, one]) => [...objects, ...fixed, one])
  .map(onePerKey);

function onePerKey(objects: readonly HostObject[]): HostObject[] {
  return [...new Map(objects.map((object) => [objectKey(object), object])).values()];
}

it('makes every change of any two states exactly once', () => {
  fc.assert(
    fc.property(state, state, (actual, objects) => {
      const wanted = objects.map((object) => ({ object, why: 'the test wants it' }));
      const changes = compareStates(actual, wanted).filter((change) => !isOfTable(change));
      const { steps } = makePlan(
        actual,
        { wanted, nat: noDecisions, waiting: [], warnings: [], notReady: [] },
        {},
      );
      const lines = steps.flatMap((step) => step.lines).filter(isOfChange);
      expect(lines.map(lineText).sort()).toEqual(changes.map(printChange).map(lineText).sort());
      const commands = steps.flatMap((step) => ipCommands(step.do));
      expect(new Set(commands).size).toBe(commands.length);
      expect(commands).toHaveLength(changes.filter(isOfIp).length);
    }),
    { numRuns: 1000 },
  );
});

it('finds in one state after another what it finds in each of them alone', () => {
  fc.assert(
    fc.property(state, fc.array(state, { minLength: 2, maxLength: 6 }), (objects, states) => {
      const wanted = objects.map((object) => ({ object, why: 'the test wants it' }));
      let before: readonly HostObject[] = objects;
      for (const [i, found] of states.entries()) {
        // An event is about some kinds of objects: those of the others are the same as before.
        const isAbout = ({ kind }: HostObject): boolean => (kind.length + i) % 3 === 0;
        const actual = [...before.filter((object) => !isAbout(object)), ...found.filter(isAbout)];
        const alone = wanted.map((one) => ({ ...one }));
        expect(compareStates(actual, wanted)).toEqual(compareStates(actual, alone));
        before = actual;
      }
    }),
    { numRuns: 500 },
  );
});

/** Excludes lines on our nft table and on conntrack entries. */
function isOfChange({ sign, text }: PlanLine): boolean {
  return sign !== '*' && !text.startsWith('nft ');
}

/** Sets and chains change together: `nftSteps` prints them. */
function isOfTable(change: Change): boolean {
  return isNftObject(objectOfChange(change));
}

function isOfIp(change: Change): boolean {
  return ['rule', 'route', 'xfrm-policy'].includes(objectOfChange(change).kind);
}

function lineText({ sign, text }: PlanLine): string {
  return `${sign} ${text}`;
}

function ipCommands(action: Action): string[] {
  return action.kind === 'ip' ? action.lines.map((line) => `ip -${action.family} ${line}`) : [];
}
