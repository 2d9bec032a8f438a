/** What `verify` and `status` say of a tunnel that does not work: which end is wrong. */
import { release } from 'node:os';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { filePath } from '../../src/lab/example-file.ts';
import { addressesOf, network, subnetOf } from '../../src/lab/layout.ts';
import type { TestHost } from '../../src/lab/test-host.ts';
import { type World, thisMachine } from '../../src/lab/world.ts';
import { hostRole } from '../../src/topology/topology.ts';
import { verifyTunnel } from '../../src/verify/tunnel/verify-tunnel.ts';
import { mustSucceed, mustredirect } from '../live/program.ts';
import { createTestWorld } from '../live/test-world.ts';
import { specOf } from '../scenario/play.ts';
import { makeOneFarEnd, oneTunnelFile } from './one-tunnel.ts';
import { makeUnderlay } from './tunnel.ts';

const families = [4] as const;

describe(`kernel ${release()}`, () => {
  let world: World;

  /** Verdicts about the tunnel, as `verify` makes them: `false tunnel ...`. */
  async function verdicts(): Promise<string[]> {
    const { gw1 } = world.hosts;
    const spec = specOf(oneTunnelFile);
    const [gateway] = hostRole(spec, 'gw1').gateways;
    if (!gateway) throw new Error('gw1 has a gateway');
    const host = { exec: gw1.exec, files: gw1.files, background: gw1.background, node: process.execPath };
    const checks = await verifyTunnel(host, gateway, []);
    return checks.map(({ ok, check, evidence }) => `${ok} ${check} ${evidence}`);
  }

  beforeAll(async () => {
    for (const module of ['ip_gre', 'wireguard']) await thisMachine().exec.run(['modprobe', module]);
    world = await createTestWorld({ engine: 'external', families });
    const { node1, gw1 } = world.hosts;
    await world.containers.createNetwork(network.name, subnetOf(4));
    await world.containers.start('web', network.name);
    await makeUnderlay(world);
    await Promise.all([node1, gw1].map((host) => host.files.replace(filePath, oneTunnelFile)));
    for (const host of [gw1, node1]) await mustSucceed(host, 'apply', '--yes');
  });
  afterAll(() => world.down());

  it('a far end that is gone', async () => {
    const { gw1, upstream } = world.hosts;
    const drop = 'add table ip f; add chain ip f i { type filter hook input priority 0; policy drop; }';
    await upstream.run(['nft', drop]);
    expect(await verdicts()).toEqual([
      expect.stringMatching(
        /^false tunnel \d GRE packets left by wan0 to 198\.51\.100\.2, and none came back; the far end: .* does not answer a ping outside of the tunnel either/,
      ),
    ]);
    await upstream.run(['nft', 'flush', 'ruleset']);
    await world.containers.run('web', ['ping', '-c', '1', '-W', '1', addressesOf(4).internet]);
    expect(await mustSucceed(gw1, 'status')).toContain('the far end 198.51.100.2 does not answer');
  });

  it('a far end with another remote end', async () => {
    await makeOneFarEnd(world, { remote: '198.51.100.99' });
    expect(await verdicts()).toEqual([
      expect.stringMatching(/^false tunnel the far end: 198\.51\.100\.2 is there and refuses GRE/),
    ]);
  });

  it('a far end with another key, which sends something', async () => {
    await makeOneFarEnd(world, { key: 9 });
    const sending = world.hosts.upstream.exec.run(['ping', '-i', '0.5', '-w', '8', addressesOf(4).uplink]);
    expect(await verdicts()).toEqual([
      'false tunnel the keys differ: 198.51.100.2 sends GRE with key 9, and this end has key 7; give both ends the same key',
    ]);
    await sending;
  });

  it('a smaller MTU on the way', async () => {
    const { upstream } = world.hosts;
    await makeOneFarEnd(world);
    await upstream.run(['ip', 'link', 'set', 'wan0', 'mtu', '1420']);
    expect((await verdicts())[1]).toBe(
      'false mtu packets of 1472 bytes, the MTU of uplink0, are lost without a message, and those of 1392 bytes are answered; write `mtu: 1392` for the uplink',
    );
    await upstream.run(['ip', 'link', 'set', 'wan0', 'mtu', '1500']);
  });

  it('nothing, when the far end is made by the printed commands', async () => {
    const { gw1, upstream } = world.hosts;
    await upstream.run(['ip', 'link', 'delete', 'gw1']);
    const script = await mustSucceed(gw1, 'render', '--far-end');
    await upstream.run(['sh', '-e'], { input: script });
    const { stdout } = await mustredirect(gw1, 'verify');
    expect(stdout).toMatch(/^gateway \S+, tunnel uplink0$/m);
    expect(stdout).toMatch(/^ {2}ok +tunnel +the far end \S+ answered through uplink0 in \S+ ms$/m);
    expect(stdout).toMatch(/^ {2}ok +mtu +a packet of 1472 bytes, the MTU of uplink0, was answered$/m);
    expect(await mustSucceed(gw1, 'status')).toMatch(
      /: uplink0 mtu 1472 to 198\.51\.100\.2 by wan0 from 198\.51\.100\.1 mtu 1500: .*: packets come back$/m,
    );
  });

  it('WireGuard: nobody listens, and a session that leads nowhere', async () => {
    const { gw1, upstream } = world.hosts;
    const shell = (host: TestHost, ...lines: string[]): Promise<string> =>
      host.run(['sh', '-e'], { input: lines.join('\n') });
    const far = (await shell(upstream, 'umask 077; wg genkey | tee /run/own | wg pubkey')).trim();
    const own =
      'ip link add uplink0 type wireguard; umask 077; wg genkey >/run/key; wg set uplink0 private-key /run/key';
    const publicKey = await shell(
      gw1,
      'ip link delete uplink0',
      own,
      `wg set uplink0 peer ${far} endpoint 198.51.100.2:51820 allowed-ips 0.0.0.0/0`,
      `ip address add ${addressesOf(4).uplink}/30 dev uplink0; ip link set uplink0 up`,
      'wg show uplink0 public-key',
    );
    expect(await verdicts()).toEqual([
      expect.stringMatching(
        /^false tunnel the far end: 198\.51\.100\.2 is there, and nothing listens on its UDP port 51820/,
      ),
    ]);
    await shell(
      upstream,
      'ip link delete uplink0',
      'ip link add wg0 type wireguard; wg set wg0 listen-port 51820 private-key /run/own',
      `wg set wg0 peer ${publicKey.trim()} allowed-ips 10.9.9.9/32; ip link set wg0 up`,
    );
    expect(await verdicts()).toEqual([
      expect.stringMatching(/^false tunnel the far end: the keys fit \(last handshake/),
    ]);
    await shell(
      upstream,
      `wg set wg0 peer ${publicKey.trim()} allowed-ips ${addressesOf(4).uplink}/32; ip address add ${addressesOf(4).upstream}/30 dev wg0`,
    );
    expect(await verdicts()).toEqual([
      expect.stringMatching(/^true tunnel the far end/),
      expect.stringMatching(/^true mtu a packet of 1420 bytes/),
    ]);
  });
});
