/** Tunnels that apply makes for an uplink, on the fake host. */
import { describe, expect, it } from 'vitest';
import { createEngines } from '../src/engines/index.ts';
import { renderShell } from '../src/explain/render-shell.ts';
import { noRole } from '../src/inspect/prepare.ts';
import { parseSpec } from '../src/spec/parse.ts';
import { hostRole } from '../src/topology/topology.ts';
import { type FakeSetup, createFakeHost } from './fake-host/fake-host.ts';
import { keyPairs } from './given/keys.ts';
import { applyTo } from './scenario/play.ts';

const gre = 'gre: { local: 192.0.2.1, remote: 198.51.100.1 }';
const web = "{ web: { engine: external, subnets: { node1: [10.89.4.0/24, 'fd89:4::/64'] }, via: office } }";
const inner = 'addresses: [172.31.0.1/30]';

const [own, peer, newOwn, newPeer] = keyPairs;
const keyFile = '/etc/mustredirect/wg0.key';

const presharedFile = '/etc/mustredirect/wg0.psk';
const preshared = `, preshared_key_file: ${presharedFile}`;
/** 32 bytes in base64, as `wg genpsk` prints them; nothing else about them is a key */
const [shared, newShared] = [newOwn.privateKey, newPeer.privateKey];
const filesWith = (key: string) =>
  new Map([
    [keyFile, `${own.privateKey}\n`],
    [presharedFile, `${key}\n`],
  ]);

function wireguard(more = ''): string {
  return `wireguard: { private_key_file: ${keyFile}, peer: ${peer.publicKey}, endpoint: '198.51.100.1:51820'${more} }`;
}

function fileWith(uplink: string, networks: string): string {
  return `version: 1
hosts: { node1: [192.168.50.10, 'fd00:50::10'], gw1: [192.168.50.2, 'fd00:50::2'] }
networks: ${networks}
gateways:
  office:
    members:
      - host: gw1
        uplink: { device: gre1, ${uplink} }
    snat: none
`;
}

function gateway(setup: Partial<FakeSetup> = {}) {
  const host = createFakeHost({
    links: [
      { name: 'eth0', up: true, addresses: ['192.168.50.2/24', 'fd00:50::2/64'], pointToPoint: false },
      {
        name: 'eth1',
        up: true,
        addresses: ['192.0.2.1/30', '2001:db8:51::1/64'],
        pointToPoint: false,
        mtu: 1492,
      },
    ],
    routes: (['0.0.0.0/0', '::/0'] as const).map((any) => ({
      family: any === '::/0' ? 6 : 4,
      type: 'unicast',
      table: 254,
      destination: 'default',
      metric: any === '::/0' ? 1024 : 0,
      via: any === '::/0' ? '2001:db8:51::2' : '192.0.2.2',
      device: 'eth1',
      protocol: 3,
    })),
    files: new Map([[keyFile, `${own.privateKey}\n`]]),
    ...setup,
  });
  const engines = createEngines({});
  const apply = (uplink: string, networks = web) => {
    const parsed = parseSpec(fileWith(uplink, networks));
    if (parsed.kind === 'problems') throw new Error(JSON.stringify(parsed.problems));
    const { spec } = parsed;
    return applyTo({ host, engines, role: hostRole(spec, 'gw1'), gateways: spec.gateways });
  };
  return {
    host,
    apply,
    destroy: () => applyTo({ host, engines, ...noRole }),
    link: () => host.state.links.find(({ name }) => name === 'gre1'),
  };
}

describe('a tunnel of the file', () => {
  it('is made before the route that needs it, with the MTU of the path, and is gone after destroy', async () => {
    const { host, apply, destroy, link } = gateway();
    const before = host.dump();
    const { plan } = await apply(`${gre}, ${inner}`);
    const lines = plan.steps.flatMap((step) => step.lines.map(({ text }) => text));
    const made = lines.indexOf(
      'tunnel gre1: gre from 192.0.2.1 to 198.51.100.1 ttl 64 mtu 1468, 172.31.0.1/30',
    );
    expect(made).toBeGreaterThan(0);
    expect(lines.indexOf('route in table 2184: default dev gre1')).toBeGreaterThan(made);
    expect(link()).toMatchObject({ up: true, mtu: 1468, group: '136', addresses: ['172.31.0.1/30'] });
    expect((await apply(`${gre}, ${inner}`)).plan.steps).toEqual([]);
    await destroy();
    expect(host.dump()).toBe(before);
  });

  it.each([
    ['gre', 'key: 4294967295', 'gre', 1464],
    ['gre6', '', 'ip6gre', 1448],
    ['ipip', '', 'sit', 1472],
    ['ipip6', 'ttl: 32', 'ip6tnl', 1452],
    ['gre', 'mtu: 1400', 'gre', 1400],
  ])('of kind %s with %s is a device of kind %s with mtu %i', async (kind, more, type, mtu) => {
    const { apply, link } = gateway();
    const ends = kind.endsWith('6')
      ? "local: '2001:db8:51::1', remote: '2001:db8:99::1'"
      : 'local: 192.0.2.1, remote: 198.51.100.1';
    await apply(`${kind.replace('6', '')}: { ${[ends, ...(more ? [more] : [])].join(', ')} }`);
    expect(link()).toMatchObject({ tunnel: { type, ttl: more === 'ttl: 32' ? 32 : 64 }, mtu });
  });

  it('is changed in place, and made anew only when the kernel cannot change it', async () => {
    const { host, apply, link } = gateway();
    await apply(`${gre}, ${inner}`);
    const changes: string[] = [];
    host.watch((change) => changes.push(change));
    await apply('gre: { local: 192.0.2.1, remote: 198.51.100.9, mtu: 1300 }, addresses: [172.31.0.5/30]');
    expect(changes.filter((change) => change.startsWith('ip ') && change.includes('gre1'))).toEqual([
      'ip -4 link change dev gre1 type gre local 192.0.2.1 remote 198.51.100.9 ttl 64 pmtudisc',
      'ip -4 address add 172.31.0.5/30 dev gre1',
      'ip -4 address delete 172.31.0.1/30 dev gre1',
      'ip -4 link set dev gre1 mtu 1300 up',
    ]);
    await apply('gre: { local: 192.0.2.1, remote: 198.51.100.9, key: 0 }');
    expect(changes).toContain('ip -4 link delete dev gre1');
    expect(link()).toMatchObject({ tunnel: { key: 0 }, addresses: [] });
    // The route went with the device, and came back.
    expect(host.state.routes).toContainEqual(
      expect.objectContaining({ table: 2184, device: 'gre1', metric: 0 }),
    );
  });

  it('is made anew in a second round, and what that round changes is restored, too', async () => {
    const { host, apply, destroy } = gateway();
    const before = host.dump();
    await apply(`${gre}, ${inner}`, '{}');
    // Forwarding begins with the first network, in the round in which the tunnel is there again.
    await apply('ipip: { local: 192.0.2.1, remote: 198.51.100.1 }');
    await destroy();
    expect(host.dump()).toBe(before);
  });

  it.each([
    [
      'deleted',
      (host: ReturnType<typeof gateway>['host']) =>
        host.exec.run(['ip', '-batch', '-'], { input: 'link delete dev gre1\n' }),
    ],
    [
      'set down',
      (host: ReturnType<typeof gateway>['host']) =>
        host.exec.run(['ip', '-batch', '-'], { input: 'link set dev gre1 mtu 1468 down\n' }),
    ],
  ])('comes back when somebody has %s it', async (_, harm) => {
    const { host, apply } = gateway();
    await apply(`${gre}, ${inner}`);
    const applied = host.dump();
    await harm(host);
    expect(host.dump()).not.toBe(applied);
    await apply(`${gre}, ${inner}`);
    expect(host.dump()).toBe(applied);
  });

  it('goes when the file no longer has it, and when the uplink is another device', async () => {
    const { apply, link } = gateway();
    await apply(`${gre}, ${inner}`);
    await apply(inner.replace('addresses: [172.31.0.1/30]', 'mtu: 1400'));
    expect(link()).toBeUndefined();
  });
});

describe('a WireGuard tunnel of the file', () => {
  it('is made with the key of its file, the peer, and the MTU of the path', async () => {
    const { host, apply, destroy, link } = gateway();
    const before = host.dump();
    const { plan } = await apply(`${wireguard(', persistent_keepalive: 25')}, ${inner}`);
    expect(plan.steps.flatMap((step) => step.lines.map(({ text }) => text))).toContain(
      `tunnel gre1: wireguard with public key ${own.publicKey} of ${keyFile}, peer ${peer.publicKey} at 198.51.100.1:51820 for 0.0.0.0/0 ::/0 keepalive 25 s mtu 1432, 172.31.0.1/30`,
    );
    expect(link()).toMatchObject({
      up: true,
      mtu: 1432,
      group: '136',
      alias: keyFile,
      tunnel: {
        publicKey: own.publicKey,
        peers: {
          [peer.publicKey]: {
            endpoint: '198.51.100.1:51820',
            keepalive: '25',
            allowedIps: ['0.0.0.0/0', '::/0'],
          },
        },
      },
    });
    expect((await apply(`${wireguard(', persistent_keepalive: 25')}, ${inner}`)).plan.steps).toEqual([]);
    await destroy();
    expect(host.dump()).toBe(before);
  });

  it('is changed in place: port, peer, key, keepalive and addresses', async () => {
    const { host, apply } = gateway();
    await apply(`${wireguard(', listen_port: 51820, persistent_keepalive: 25')}, ${inner}`);
    const changes: string[] = [];
    host.watch((change) => changes.push(change));
    host.state.files = new Map([...host.state.files, [keyFile, newOwn.privateKey]]);
    const changed = wireguard(', listen_port: 51821').replace(peer.publicKey, newPeer.publicKey);
    await apply(`${changed.replace('198.51.100.1', '198.51.100.9')}, ${inner}`);
    expect(changes.filter((change) => /^(ip|wg) .*gre1/.test(change))).toEqual([
      'ip -4 link set dev gre1 mtu 1432 up',
      `wg set gre1 private-key ${keyFile} listen-port 51821 peer ${peer.publicKey} remove peer ${newPeer.publicKey} endpoint 198.51.100.9:51820 persistent-keepalive off allowed-ips 0.0.0.0/0,::/0`,
    ]);
  });

  it.each<[string, readonly string[]]>([
    ['another peer', ['peer', newPeer.publicKey, 'allowed-ips', '0.0.0.0/0']],
    ['no key', ['private-key', '/dev/null']],
    ['another port', ['listen-port', '4000']],
    ['another endpoint', ['peer', peer.publicKey, 'endpoint', '203.0.113.9:51820']],
    ['fewer allowed addresses', ['peer', peer.publicKey, 'allowed-ips', '10.0.0.0/8']],
  ])('comes back when somebody has given it %s', async (_, words) => {
    const { host, apply } = gateway();
    await apply(`${wireguard(', listen_port: 51820')}, ${inner}`);
    const applied = host.dump();
    await host.exec.run(['wg', 'set', 'gre1', ...words]);
    expect(host.dump()).not.toBe(applied);
    await apply(`${wireguard(', listen_port: 51820')}, ${inner}`);
    expect(host.dump()).toBe(applied);
  });

  it('is there again, with its key, when a destroy that was cut off is undone', async () => {
    const { host, apply, destroy } = gateway();
    await apply(`${wireguard()}, ${inner}`);
    const { links } = host.state;
    let failed = false;
    host.failWhen(({ changes }) => {
      if (failed || !changes || host.state.links.some(({ name }) => name === 'gre1')) return undefined;
      failed = true;
      return { kind: 'failed' };
    });
    await expect(destroy()).rejects.toThrow('everything is as it was before');
    expect(host.state.links).toEqual(links);
  });

  it('becomes a GRE tunnel, and back', async () => {
    const { host, apply, link } = gateway();
    await apply(`${wireguard()}, ${inner}`);
    const applied = host.dump();
    await apply(`${gre}, ${inner}`);
    expect(link()?.tunnel?.type).toBe('gre');
    await apply(`${wireguard()}, ${inner}`);
    expect(host.dump()).toBe(applied);
  });

  it('has the preshared key of its file, and loses it with the key of the file', async () => {
    const { host, apply, destroy, link } = gateway({ files: filesWith(shared) });
    const keyOf = (): string | undefined => {
      const tunnel = link()?.tunnel;
      return tunnel?.type === 'wireguard' ? tunnel.peers[peer.publicKey]?.presharedKey : undefined;
    };
    const before = host.dump();
    const { plan } = await apply(`${wireguard(preshared)}, ${inner}`);
    expect(JSON.stringify(plan)).toContain(`of ${presharedFile}`);
    expect(keyOf()).toBe(shared);
    expect((await apply(`${wireguard(preshared)}, ${inner}`)).plan.steps).toEqual([]);
    // Another key in the file, then another one on the device: both are differences.
    host.state.files = new Map([...host.state.files, ...filesWith(newShared)]);
    await apply(`${wireguard(preshared)}, ${inner}`);
    expect(keyOf()).toBe(newShared);
    await host.exec.run(['wg', 'set', 'gre1', 'peer', peer.publicKey, 'preshared-key', '/dev/null']);
    await apply(`${wireguard(preshared)}, ${inner}`);
    expect(keyOf()).toBe(newShared);
    await apply(`${wireguard()}, ${inner}`);
    expect(keyOf()).toBeUndefined();
    host.state.files = new Map([...host.state.files, ...filesWith(shared)]);
    await destroy();
    expect(host.dump()).toBe(before);
  });

  it('has its preshared key again when a destroy that was cut off is undone', async () => {
    const { host, apply, destroy } = gateway({ files: filesWith(shared) });
    await apply(`${wireguard(preshared)}, ${inner}`);
    const { links } = host.state;
    let failed = false;
    host.failWhen(({ changes }) => {
      if (failed || !changes || host.state.links.some(({ name }) => name === 'gre1')) return undefined;
      failed = true;
      return { kind: 'failed' };
    });
    await expect(destroy()).rejects.toThrow('everything is as it was before');
    expect(host.state.links).toEqual(links);
  });

  it('leaves its preshared key in no request, no file but its own, no plan, script and message', async () => {
    const { host, apply, destroy } = gateway({ files: filesWith(shared) });
    const said: unknown[] = [];
    const say = async (run: () => Promise<unknown>): Promise<void> => {
      const done = (async () => run())();
      said.push(await done.catch((error: unknown) => `${String(error)} ${JSON.stringify(error)}`));
    };
    const withKey = `${wireguard(preshared)}, ${inner}`;
    await say(async () => {
      const { plan } = await apply(withKey);
      return [plan, renderShell(plan, 'gw1', createEngines({}))];
    });
    host.state.files = new Map([...host.state.files, ...filesWith(newShared)]);
    await say(() => apply(withKey));
    // The file is another one when wg reads it: it prints what it finds.
    host.failWhen(({ what }) => {
      if (what.startsWith('wg set'))
        host.state.files = new Map([...host.state.files, ...filesWith(`${newShared} x`)]);
      return undefined;
    });
    await say(() => apply(withKey.replace(peer.publicKey, newPeer.publicKey)));
    host.failWhen();
    host.state.files = new Map([...host.state.files, ...filesWith(newShared)]);
    await say(() => apply(withKey));
    await say(() => apply(`${wireguard(`, preshared_key_file: ${newShared}`)}, ${inner}`));
    await say(destroy);
    const others = [...host.state.files].filter(([path]) => path !== presharedFile);
    const everything = JSON.stringify([said, host.events, others]);
    for (const key of [shared, newShared]) {
      expect(everything).not.toContain(key);
      expect(everything).not.toContain(Buffer.from(key, 'base64').toString('hex'));
    }
    expect(everything).toContain(presharedFile);
  });

  it('leaves its private key in no request, no file but its own, and no message', async () => {
    const { host, apply, destroy } = gateway();
    const said: unknown[] = [];
    const say = async (run: () => Promise<unknown>): Promise<void> => {
      const done = (async () => run())();
      said.push(await done.catch((error: unknown) => `${String(error)} ${JSON.stringify(error)}`));
    };
    await say(() => apply(`${wireguard()}, ${inner}`));
    host.state.files = new Map([...host.state.files, [keyFile, `${newOwn.privateKey}\n`]]);
    await say(() => apply(`${wireguard(', listen_port: 4000')}, ${inner}`));
    // The file is another one when wg reads it: it prints what it finds.
    host.failWhen(({ what }) => {
      if (what.startsWith('wg set'))
        host.state.files = new Map([...host.state.files, [keyFile, `${newOwn.privateKey} x`]]);
      return undefined;
    });
    await say(() => apply(`${wireguard()}, ${inner}`.replace(peer.publicKey, newPeer.publicKey)));
    host.state.files = new Map([...host.state.files, [keyFile, newOwn.privateKey]]);
    await host.exec.run(['wg', 'set', 'gre1', 'private-key', '/dev/null']);
    await say(() => apply(`${wireguard()}, ${inner}`));
    await say(() => apply(`wireguard: { private_key_file: ${own.privateKey}, peer: ${peer.publicKey} }`));
    await say(() => apply(`wireguard: { private_key_file: /${own.privateKey}, peer: x, endpoint: x }`));
    await say(destroy);
    const others = [...host.state.files].filter(([path]) => path !== keyFile);
    const everything = JSON.stringify([said, host.events, others]);
    for (const { privateKey } of [own, newOwn]) {
      expect(everything).not.toContain(privateKey);
      expect(everything).not.toContain(Buffer.from(privateKey, 'base64').toString('hex'));
    }
    expect(everything).toContain(own.publicKey);
  });
});

describe('a gateway is closed, and nothing is made, when', () => {
  const eth0 = {
    name: 'eth0',
    up: true,
    addresses: ['192.168.50.2/24', 'fd00:50::2/64'],
    pointToPoint: false,
  };
  const wan = { name: 'eth1', up: true, addresses: ['192.0.2.1/30'], pointToPoint: false };
  const other = { up: true, addresses: [], pointToPoint: true };
  it.each<[string, Partial<FakeSetup>, string]>([
    [
      'another program has made a device of that name',
      { links: [eth0, wan, { ...other, name: 'gre1' }] },
      'gateway office: device gre1 exists, and mustredirect has not made it',
    ],
    [
      'that device is of another kind, in a link group with our number',
      { links: [eth0, wan, { ...other, name: 'gre1', group: '136' }] },
      'gateway office: device gre1 exists, and mustredirect has not made it',
    ],
    [
      'another device has the same ends',
      {
        links: [
          eth0,
          wan,
          {
            ...other,
            name: 'wan9',
            tunnel: { type: 'gre', local: '192.0.2.1', remote: '198.51.100.1', ttl: 64 },
          },
        ],
      },
      'gateway office: wan9 is a tunnel from 192.0.2.1 to 198.51.100.1 already',
    ],
    [
      'its own end is no address of the host',
      { links: [eth0, { ...wan, addresses: ['192.0.2.5/30'] }] },
      'gateway office: 192.0.2.1, where its tunnel gre1 starts, is not an address of this host',
    ],
    [
      'the far end is an address of the host',
      { links: [eth0, { ...wan, addresses: ['192.0.2.1/30', '198.51.100.1/32'] }] },
      'gateway office: 198.51.100.1, the far end of its tunnel gre1, is an address of this host',
    ],
    [
      'the far end has no route',
      { routes: [] },
      'gateway office: no route to 198.51.100.1, the far end of its tunnel gre1',
    ],
  ])('%s', async (_, setup, message) => {
    const { host, apply, destroy } = gateway(setup);
    const before = host.dump();
    const { desired } = await apply(`${gre}, ${inner}`);
    expect(desired.notReady.map((one) => one.message)).toEqual([message]);
    expect(host.state.routes.some(({ table, device }) => table === 2184 && device === 'gre1')).toBe(false);
    await destroy();
    expect(host.dump()).toBe(before);
  });
});

describe('a gateway with a WireGuard tunnel is closed, and nothing is made, when', () => {
  const files = new Map([[keyFile, own.privateKey]]);
  const listening = 'UNCONN 0 0 0.0.0.0:51820 0.0.0.0:*';
  it.each<[string, Partial<FakeSetup>, string]>([
    [
      'it has no key',
      { files: new Map() },
      `private key file ${keyFile} of its tunnel gre1: there is no such file`,
    ],
    [
      'what the file holds is no key',
      { files: new Map([[keyFile, 'secret']]) },
      `private key file ${keyFile} of its tunnel gre1: it holds no private key`,
    ],
    [
      'it has no preshared key',
      { files: new Map([[keyFile, own.privateKey]]) },
      `preshared key file ${presharedFile} of its tunnel gre1: there is no such file`,
    ],
    [
      'what the file holds is no preshared key',
      { files: filesWith('secret') },
      `preshared key file ${presharedFile} of its tunnel gre1: it holds no preshared key`,
    ],
    ['wg is missing', { files, missing: ['wg'] }, 'program wg is not installed, which its tunnel gre1 needs'],
    [
      'a program has the port',
      { files, udpPorts: new Map([[51_820, `${listening} users:(("openvpn",pid=4711,fd=3))\n`]]) },
      'UDP port 51820, which its tunnel gre1 listens on, is taken by openvpn (process 4711)',
    ],
    [
      'another tunnel has the port',
      { files, udpPorts: new Map([[51_820, `${listening}\n`]]) },
      'UDP port 51820, which its tunnel gre1 listens on, is taken by the kernel',
    ],
    [
      'the far end has no route',
      { files, routes: [] },
      'no route to 198.51.100.1, the far end of its tunnel gre1',
    ],
  ])('%s', async (_, setup, message) => {
    const { host, apply, destroy } = gateway(setup);
    const before = host.dump();
    const keys = message.startsWith('preshared') ? preshared : ', listen_port: 51820';
    const { desired } = await apply(`${wireguard(keys)}, ${inner}`);
    expect(desired.notReady.map((one) => one.message)).toEqual([`gateway office: ${message}`]);
    await destroy();
    expect(host.dump()).toBe(before);
  });

  it('keeps a tunnel that stands, on its own port, when its key file goes', async () => {
    const { host, apply } = gateway();
    await apply(`${wireguard(', listen_port: 51820')}, ${inner}`);
    const { links } = host.state;
    host.state.udpPorts = new Map([[51_820, `${listening}\n`]]);
    expect((await apply(`${wireguard(', listen_port: 51820')}, ${inner}`)).desired.notReady).toEqual([]);
    host.state.files = new Map([...host.state.files].filter(([path]) => path !== keyFile));
    const { desired } = await apply(`${wireguard(', listen_port: 51820')}, ${inner}`);
    expect(desired.notReady.map((one) => one.message)).toEqual([
      `gateway office: private key file ${keyFile} of its tunnel gre1: there is no such file`,
    ]);
    expect(host.state.links).toEqual(links);
  });
});

describe('a run that is undone', () => {
  it('keeps a device of that name that another program has made in the meantime', async () => {
    const { host, apply, link } = gateway();
    const foreign = { name: 'gre1', up: true, addresses: [], pointToPoint: true };
    host.failWhen(({ what, input }) => {
      if (what !== 'ip -batch -' || !input.includes('link add')) return undefined;
      host.state.links = [...host.state.links, foreign];
      return { kind: 'failed', afterLine: 0 };
    });
    await expect(apply(`${gre}, ${inner}`)).rejects.toThrow('everything is as it was before');
    host.failWhen();
    expect(link()).toBe(foreign);
  });
});
