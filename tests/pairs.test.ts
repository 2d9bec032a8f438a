/**
 * Two gateways that share one device of one host, with two networks: each pair of their settings on the fake host.
 * `tests/live/pairs.live.test.ts` sends the same packets through the kernel.
 */
import { describe, expect, it } from 'vitest';
import { createEngines } from '../src/engines/index.ts';
import { addressesOf } from '../src/lab/layout.ts';
import { parseSpec } from '../src/spec/parse.ts';
import { formatProblems } from '../src/spec/problem.ts';
import type { Spec } from '../src/spec/spec.ts';
import { hostRole } from '../src/topology/topology.ts';
import { type FakeHost, createFakeHost } from './fake-host/fake-host.ts';
import { hostsOwn } from './fake-host/nft-compile.ts';
import { type Fate, fateOf } from './fake-host/packet.ts';
import { type GatewayEgress, type Probe, exitOf, mistakeOf, probesOf } from './pairs/model.ts';
import { covering, pairsOf, product } from './pairs/pairwise.ts';
import { type Settings, dimensions, fileText, places } from './pairs/settings.ts';
import { applyTo } from './scenario/play.ts';

const all = product(dimensions);
const right = all.filter((one) => mistakeOf(one) === undefined);
const wrong = all.filter((one) => mistakeOf(one) !== undefined);
const tried = covering(right);
const pairs = new Set(right.flatMap(pairsOf));
/** Combinations that no valid file has. */
const refused = covering(wrong, pairs);

const engines = createEngines({});

function specOf(settings: Settings): Spec {
  const text = fileText(settings);
  const parsed = parseSpec(text);
  if (parsed.kind === 'problems') throw new Error(formatProblems(parsed.problems, text, 'f.yaml'));
  return parsed.spec;
}

async function hostOf(name: 'node1' | 'gw1', spec: Spec): Promise<FakeHost> {
  const link = (device: string, addresses: string[]) => ({
    name: device,
    up: true,
    addresses,
    pointToPoint: false,
  });
  const both = (read: (family: 4 | 6) => string): string[] => [`${read(4)}/24`, `${read(6)}/64`];
  const gateways = (['web', 'post'] as const).map((of, i) =>
    link(`mr${i}`, [places[4][of].replace('.0/', '.1/'), places[6][of].replace('::/', '::1/')]),
  );
  const host = createFakeHost({
    links: [
      link(
        'eth0',
        both((family) => addressesOf(family)[name]),
      ),
      ...(name === 'gw1'
        ? [link('uplink0', [`${addressesOf(4).uplink}/30`, `${addressesOf(6).uplink}/64`])]
        : gateways),
    ],
    routes: ([4, 6] as const).map((family) => ({
      family,
      type: 'unicast',
      table: 254,
      destination: 'default',
      metric: family === 4 ? 0 : 1024,
      via: addressesOf(family).isp,
      device: 'eth0',
      protocol: 3,
    })),
  });
  const target = { host, engines, role: hostRole(spec, name), gateways: spec.gateways };
  expect((await applyTo(target)).desired.refusals).toEqual([]);
  return host;
}

/** Egress of a packet on the node, and for packets to the gateway also its egress and source there. */
function fates(node: FakeHost, gateway: FakeHost, probe: Probe, { to }: GatewayEgress): string {
  const { family, from, proto, port } = probe;
  const addresses = addressesOf(family);
  const packet = {
    source: places[family].targets[from],
    // The fake host does not redirect DNS queries.
    destination: to,
    protocol: proto === 'icmp' && family === 6 ? ('ipv6-icmp' as const) : proto,
    port,
  };
  const first = fateOf(node.state, { ...packet, ingress: from === 'web' ? 'mr0' : 'mr1' });
  if (first.kind !== 'leaves') return textOf(first);
  if (first.nextHop === addresses.isp) return `direct as ${addresses.node1}`;
  if (first.nextHop !== addresses.gw1 || first.source !== packet.source) return textOf(first);
  const second = fateOf(gateway.state, packet);
  if (second.kind === 'to-host') return `gateway itself as ${packet.source}`;
  if (second.kind !== 'leaves' || second.device !== 'uplink0') return textOf(second);
  return `uplink0 as ${second.source === hostsOwn(family) ? addresses.uplink : second.source}`;
}

function textOf(fate: Fate): string {
  return JSON.stringify(fate);
}

function wanted({ by, source }: GatewayEgress): string {
  return `${by === 'b' || by === 'c' ? 'uplink0' : by} as ${source}`;
}

describe(`${Object.keys(dimensions).length} dimensions, ${pairs.size} pairs of settings that can be right`, () => {
  it.each(tried.map((settings) => [Object.values(settings).join(' | '), settings] as const))(
    `in one of ${tried.length} files: %s`,
    async (_, settings) => {
      const spec = specOf(settings);
      const [node, gateway] = [await hostOf('node1', spec), await hostOf('gw1', spec)];
      const probes = probesOf(settings);
      const found = probes.map((probe) => [probe, fates(node, gateway, probe, exitOf(settings, probe))]);
      expect(found).toEqual(probes.map((probe) => [probe, wanted(exitOf(settings, probe))]));
    },
  );
});

describe('pairs of settings that cannot be right', () => {
  it.each(refused.map((settings) => [Object.values(settings).join(' | '), settings] as const))(
    `are refused by one of ${refused.length} files, with place and hint: %s`,
    (_, settings) => {
      const parsed = parseSpec(fileText(settings));
      const problems = parsed.kind === 'problems' ? parsed.problems : [];
      // A file may have several problems.
      const problem = problems.find(({ message }) => mistakeOf(settings)?.test(message));
      expect(problem).toMatchObject({
        line: expect.any(Number) as number,
        path: expect.stringMatching(/^gateways\.c\.publish\.0\.(?:port|to)$/) as string,
        hint: expect.stringMatching(/\w/) as string,
      });
    },
  );

  it('are reported in every file that has them, and in no other', () => {
    const plain = all.filter(({ direct, dns }) => direct === 'none' && dns === 'engine');
    const told = plain.filter((settings) => parseSpec(fileText(settings)).kind === 'problems');
    expect(told).toEqual(plain.filter((one) => wrong.includes(one)));
  });
});
