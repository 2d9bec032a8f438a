/** Labs with each choice of families: addresses of hosts, and captures of both families. */
import { afterEach, describe, expect, it } from 'vitest';
import { type Family, familyOf } from '../../src/address/cidr.ts';
import { createExec, runOrFail } from '../../src/host/process/exec.ts';
import type { Packet } from '../../src/host/capture/packet.ts';
import { addressesOf, network } from '../../src/lab/layout.ts';
import { responderPort } from '../../src/lab/responder.ts';
import type { World, WorldOptions } from '../../src/lab/world.ts';
import { redirectByHand } from './by-hand.ts';
import { programPath } from './program.ts';
import { createTestWorld, installedEngines, testName } from './test-world.ts';
import { aShareOf } from '../thorough.ts';

const both = [4, 6] as const;
const engines = await installedEngines();
let world: World;

async function build(options: Partial<WorldOptions>): Promise<void> {
  world = await createTestWorld(options);
}

afterEach(() => world?.down());

async function ask(family: Family): Promise<string> {
  const { internet } = addressesOf(family);
  const argv = ['wget', '-q', '-O', '-', `http://${family === 4 ? internet : `[${internet}]`}`];
  return (await world.containers.run('c1', argv)).stdout.trim();
}

async function pingThrice(family: Family): Promise<void> {
  const argv = ['ping', `-${family}`, '-c', '3', '-i', '0.1', addressesOf(family).internet];
  expect((await world.containers.run('c1', argv)).exitCode).toBe(0);
}

const echo = { 4: [8, 0], 6: [128, 129] } as const;

describe.each(aShareOf(engines))('a lab of both families with %s', (engine) => {
  it('sends container packets by the isp, where a capture sees all of them', async () => {
    await build({ engine, families: both });
    await world.containers.createNetwork(network.name, network.subnet, network.subnet6);
    expect(await world.containers.start('c1', network.name)).toBe('10.89.4.2');
    expect(await world.containers.addresses('c1', network.name)).toEqual(['10.89.4.2', '2001:db8:89:4::2']);
    for (const family of both) {
      const { internet, node1 } = addressesOf(family);
      const isp = await world.capture('isp', 'eth0', `(icmp or icmp6) and host ${internet}`);
      const uplink = await world.capture('gw1', 'uplink0', `host ${internet}`);
      await pingThrice(family);
      expect(await ask(family)).toBe(`isp saw ${node1}`);
      const seen = (await isp.stop()).map(({ source, icmpType }) => `${source} ${icmpType}`);
      const exchange = [`${node1} ${echo[family][0]}`, `${internet} ${echo[family][1]}`];
      expect(seen).toEqual([...exchange, ...exchange, ...exchange]);
      expect(await uplink.stop()).toEqual([]);
    }
  });
});

describe.each(aShareOf(engines.filter((engine) => engine !== 'podman-netavark')))(
  'the manual recipe for both families with %s',
  (engine) => {
    it('sends a container through the gateway with its own address', async () => {
      await build({ engine, families: both });
      await redirectByHand(world);
      await world.containers.start('c1', network.name);
      for (const address of await world.containers.addresses('c1', network.name)) {
        const family = familyOf(address);
        const { internet, uplink: translated } = addressesOf(family);
        const [gateway, uplink, isp] = await Promise.all([
          world.capture('gw1', 'eth0', 'icmp or icmp6'),
          world.capture('gw1', 'uplink0', 'icmp or icmp6'),
          world.capture('isp', 'eth0', `host ${internet}`),
        ]);
        expect(await ask(family)).toBe(`upstream saw ${translated}`);
        await pingThrice(family);
        const requests = (packets: readonly Packet[]): string[] =>
          packets.filter(({ icmpType }) => icmpType === echo[family][0]).map(({ source }) => source);
        expect(requests(await gateway.stop())).toEqual([address, address, address]);
        expect(requests(await uplink.stop())).toEqual([translated, translated, translated]);
        expect(await isp.stop()).toEqual([]);
      }
    });
  },
);

describe('a lab', () => {
  it.each([[[4]], [[6]], [[4, 6]]] as const)(
    'with families %j has only their addresses and default routes',
    async (families) => {
      await build({ engine: 'external', families });
      for (const host of ['node1', 'gw1', 'isp', 'upstream'] as const) {
        const said = await world.hosts[host].run(['ip', '-o', 'address', 'show', 'scope', 'global']);
        const found = [...said.matchAll(/ inet6? ([^/ ]+)/g)].map(([, address = '']) => familyOf(address));
        expect(new Set(found)).toEqual(new Set(families));
      }
      for (const host of ['node1', 'gw1'] as const) {
        for (const family of both) {
          const said = await world.hosts[host].run(['ip', `-${family}`, 'route', 'show', 'default']);
          expect(said.includes(`via ${addressesOf(family).isp}`)).toBe(
            families.some((one) => one === family),
          );
        }
      }
    },
  );

  it('replies to UDP of both families', async () => {
    await build({ engine: 'external', families: both });
    for (const family of both) {
      const { internet, node1 } = addressesOf(family);
      const program = `const s = require('node:dgram').createSocket('udp${family}');
        s.on('message', (said) => { console.log(String(said).trim()); s.close(); });
        s.send('?', ${responderPort}, '${internet}');`;
      expect(await world.hosts.node1.run([process.execPath, '-e', program])).toBe(`isp saw ${node1}`);
    }
  });

  it('tells IPv6 neighbour discovery from forwarded packets', async () => {
    await build({ engine: 'external', families: [6] });
    const { node1 } = world.hosts;
    const { internet } = addressesOf(6);
    const capture = await world.capture('isp', 'eth0', 'ip6');
    await node1.run(['ip', '-6', 'neigh', 'flush', 'all']);
    await node1.run(['ping', '-c', '1', internet]);
    const packets = await capture.stop();
    const control = packets.filter(({ linkControl }) => linkControl);
    expect(control.some(({ destination }) => destination.startsWith('ff02::1:ff00:'))).toBe(true);
    expect(control.every(({ ttl, icmpType }) => ttl === (icmpType === 143 ? 1 : 255))).toBe(true);
    expect(packets.filter(({ linkControl }) => !linkControl).map(({ icmpType }) => icmpType)).toEqual([
      128, 129,
    ]);
  });
});

describe('the demo', () => {
  it('shows both families before and after apply', async () => {
    const argv = [programPath, 'lab', 'demo', '--ipv6', '--engine', 'external', '--name', testName()];
    const said = await runOrFail(createExec(), argv, { timeout: 100_000 });
    expect(said).not.toContain('WRONG');
    for (const family of both) {
      const { node1, uplink } = addressesOf(family);
      expect(said).toMatch(
        new RegExp(`^IPv${family}: answer to the container +isp saw ${node1} +upstream saw ${uplink}$`, 'm'),
      );
      expect(said).toMatch(new RegExp(`^IPv${family}: packets seen at the isp +[1-9]\\d* +0$`, 'm'));
    }
  });
});
