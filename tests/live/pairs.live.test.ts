/**
 * Two gateways that share one device of one host, with two networks: each pair of their settings on the kernel. The
 * model of `tests/pairs` gives the expected result, which the fake host matches, too.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { inNetwork } from '../../src/host/process/namespaces.ts';
import type { Packet } from '../../src/host/capture/packet.ts';
import { filePath } from '../../src/lab/example-file.ts';
import { addressesOf } from '../../src/lab/layout.ts';
import type { World } from '../../src/lab/world.ts';
import { callsOf, exitOf, mistakeOf, probesOf, targetOfCall } from '../pairs/model.ts';
import { covering, pairsOf, product } from '../pairs/pairwise.ts';
import {
  type NetworkName,
  type Settings,
  dimensions,
  fileText,
  networks,
  networksOf,
  places,
} from '../pairs/settings.ts';
import { mustSucceed } from './program.ts';
import { createTestWorld } from './test-world.ts';
import { aShareOf } from '../thorough.ts';

const right = product(dimensions).filter((one) => mistakeOf(one) === undefined);
const tried = covering(right);

/** Starts a connection from each port or to each destination, and sends other packets; waits for no replies. */
const sender = `
const [, list] = process.argv;
const { spawn } = require('node:child_process');
for (const { family, to, proto, port, localPort } of JSON.parse(list)) {
  if (proto === 'icmp') spawn('ping', ['-c', '1', '-W', '1', to]);
  else if (proto === 'udp') require('node:dgram').createSocket('udp' + family).send('?', port, to);
  else require('node:net').connect({ host: to, port, family, localPort }).on('error', () => {});
}
setTimeout(() => process.exit(), 700);
`;

let world: World;
/** Each connection has a new port, since conntrack would match a second one to the first. */
let nextPort = 20_000;

beforeAll(async () => {
  world = await createTestWorld({ engine: 'external', families: [4, 6] });
  for (const name of networks) {
    await world.containers.createNetwork(name, places[4][name], places[6][name]);
    await world.containers.start(name, name);
  }
  // The gateway's snat addresses, which no device needs to have.
  for (const family of [4, 6] as const) {
    const { snat } = places[family];
    for (const to of [snat.b, snat.c]) {
      await world.hosts.upstream.run(['ip', 'route', 'add', to, 'via', addressesOf(family).uplink]);
    }
  }
});

afterAll(() => world?.down());

function keyOf(proto: string | number, to: string, port: number | undefined): string {
  return [proto, to, ...(proto === 'icmp' ? [] : [port])].join(' ');
}

/** Places and sources at which a container's packets were seen. */
async function seenOf(settings: Settings, from: NetworkName): Promise<Record<string, string[]>> {
  const probes = probesOf(settings).filter((probe) => probe.from === from);
  const destinations = new Set(probes.map((probe) => exitOf(settings, probe).to));
  const captures = {
    uplink0: await world.capture('upstream', 'gw1', 'ip or ip6'),
    direct: await world.capture('isp', 'eth0', 'ip or ip6'),
    'gateway itself': await world.capture('gw1', 'eth0', 'udp dst port 53'),
  };
  const argv = [process.execPath, '-e', sender, JSON.stringify(probes)];
  await world.hosts.node1.exec.run(inNetwork(`/run/netns/${from}`, argv));
  const found: Record<string, Set<string>> = {};
  for (const [where, capture] of Object.entries(captures)) {
    const isMeant = ({ destination, direction }: Packet): boolean =>
      destinations.has(destination) &&
      direction !== 'in' &&
      (where !== 'gateway itself' ||
        [4, 6].some((family) => destination === addressesOf(family as 4 | 6).gw1));
    for (const packet of (await capture.stop()).filter(isMeant)) {
      const key = keyOf(packet.protocol, packet.destination, packet.destinationPort);
      (found[key] ??= new Set()).add(`${where} as ${packet.source}`);
    }
  }
  return Object.fromEntries(Object.entries(found).map(([key, ways]) => [key, [...ways].sort()]));
}

function wantedOf(settings: Settings, from: NetworkName): Record<string, string[]> {
  const entries = probesOf(settings)
    .filter((probe) => probe.from === from)
    .map((probe) => {
      const { by, to, source } = exitOf(settings, probe);
      const where = by === 'b' || by === 'c' ? 'uplink0' : by;
      return [keyOf(probe.proto, to, probe.port), [`${where} as ${source}`]] as [string, string[]];
    });
  return Object.fromEntries(entries);
}

/** Containers reached by connections from outside, each from a port of its own. */
async function reached(settings: Settings): Promise<Record<string, string>> {
  const calls = callsOf(settings).map((call) => ({ ...call, proto: 'tcp', localPort: nextPort++ }));
  const capture = await world.capture('node1', 'eth0', 'ip or ip6');
  await world.hosts.upstream.exec.run([process.execPath, '-e', sender, JSON.stringify(calls)]);
  const packets = await capture.stop();
  return Object.fromEntries(
    calls.flatMap(({ to, port, localPort }) => {
      const found = packets.find(
        (one) => one.protocol === 'tcp' && one.sourcePort === localPort && one.destinationPort === 80,
      );
      return found ? [[`${to} ${port}`, found.destination]] : [];
    }),
  );
}

function targetsOf(settings: Settings): Record<string, string> {
  return Object.fromEntries(
    callsOf(settings).flatMap((call) => {
      const target = targetOfCall(settings, call);
      return target === undefined ? [] : [[`${call.to} ${call.port}`, target]];
    }),
  );
}

describe(`${Object.keys(dimensions).length} dimensions, ${new Set(right.flatMap(pairsOf)).size} pairs of settings that can be right`, () => {
  it('control: packets leave by the isp before apply', async () => {
    const [settings] = right;
    if (!settings) throw new Error('no settings');
    const seen = await seenOf(settings, 'web');
    expect(seen[keyOf('tcp', places[4].outside, 81)]).toEqual([`direct as ${addressesOf(4).node1}`]);
  });

  it.each(
    aShareOf(
      tried.map((settings) => [Object.values(settings).join(' | '), settings] as const),
      3,
    ),
  )(`in one of ${tried.length} files: %s`, async (_, settings) => {
    const { gw1, node1 } = world.hosts;
    for (const host of [gw1, node1]) {
      await host.files.replace(filePath, fileText(settings));
      await mustSucceed(host, 'apply', '--yes');
    }
    for (const from of networksOf(settings)) {
      expect(await seenOf(settings, from)).toEqual(wantedOf(settings, from));
    }
    expect(await reached(settings)).toEqual(targetsOf(settings));
  });
});
