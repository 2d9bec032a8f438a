/** Members that exchange routes with an upstream router, which is FRR. */
import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { families } from '../../src/address/cidr.ts';
import { endingWithStdin } from '../../src/host/process/background.ts';
import { inNetwork } from '../../src/host/process/namespaces.ts';
import { addressesOf } from '../../src/lab/layout.ts';
import type { TestHost } from '../../src/lab/test-host.ts';
import { isThorough } from '../thorough.ts';
import { mustSucceed, mustredirect } from './program.ts';
import { show, startFrr, vtysh } from './routing/frr.ts';
import {
  type RoutingWorld,
  birdc,
  createRoutingWorld,
  learnedDefault,
  second,
  waitFor,
  writeFile,
} from './routing/world.ts';

let world: RoutingWorld;

const bgp = '{ protocol: bgp, bfd: { interval: 50ms, multiplier: 3 } }';
const uplinkBgp = (neighbor: string): string =>
  `{ protocol: bgp, as: 65001, neighbor: ${neighbor}, peer_as: 64496, password_file: /etc/bgp.password, bfd: { interval: 50ms } }`;

const frr = `
bfd
 profile fast
  detect-multiplier 3
  receive-interval 50
  transmit-interval 50
 exit
exit
router bgp 64496
 bgp router-id 9.9.9.9
 no bgp default ipv4-unicast
 no bgp ebgp-requires-policy
 neighbor 172.31.0.2 remote-as 65001
 neighbor 172.31.0.2 password secret
 neighbor 172.31.0.2 bfd
 neighbor 172.31.0.2 bfd profile fast
 neighbor 172.31.1.2 remote-as 65001
 neighbor 172.31.1.2 password secret
 neighbor 172.31.1.2 bfd
 neighbor 172.31.1.2 bfd profile fast
 neighbor 2001:db8:31::2 remote-as 65001
 neighbor 2001:db8:31::2 password secret
 neighbor 2001:db8:31::2 bfd
 neighbor 2001:db8:31::2 bfd profile fast
 neighbor 2001:db8:32::2 remote-as 65001
 neighbor 2001:db8:32::2 password secret
 neighbor 2001:db8:32::2 bfd
 neighbor 2001:db8:32::2 bfd profile fast
 address-family ipv4 unicast
  neighbor 172.31.0.2 activate
  neighbor 172.31.0.2 default-originate
  neighbor 172.31.1.2 activate
  neighbor 172.31.1.2 default-originate
 exit-address-family
 address-family ipv6 unicast
  neighbor 2001:db8:31::2 activate
  neighbor 2001:db8:31::2 default-originate
  neighbor 2001:db8:32::2 activate
  neighbor 2001:db8:32::2 default-originate
 exit-address-family
`;

function allHosts(): TestHost[] {
  return [world.hosts.gw1, world.gw2, world.hosts.node1];
}

beforeAll(async () => {
  world = await createRoutingWorld();
  await writeFile(world, bgp, '    snat: none\n', uplinkBgp);
  for (const host of allHosts()) await host.files.replace('/etc/bgp.password', 'secret\n');
  await startFrr(world.hosts.upstream, ['zebra', 'bgpd', 'bfdd'], frr);
  for (const host of allHosts()) await mustSucceed(host, 'apply', '--yes');
});

afterAll(async () => {
  await world.down();
});

async function waitForMember(member: 'gw1' | 'gw2' | 'none'): Promise<void> {
  for (const family of families) {
    const address = { gw1: addressesOf(family).gw1, gw2: second[family].lan, none: 'none' }[member];
    await waitFor(
      `${member} in IPv${family}`,
      async () => (await learnedDefault(world.hosts.node1, family)) === address,
    );
  }
}

/** Packets of the container's subnets that the upstream router sees on the link of a member. */
async function ping(family: 4 | 6): Promise<boolean> {
  const to = addressesOf(family).internet;
  const { exitCode } = await world.containers.run('web', ['ping', '-c', '1', '-W', '1', to]);
  return exitCode === 0;
}

function pings(): Promise<boolean[]> {
  return Promise.all(families.map(ping));
}

/** Routes of BIRD in the kernel. */
async function learnedRoutes(host: TestHost): Promise<string[]> {
  return (await host.run(['ip', 'route', 'show', 'table', 'all', 'proto', 'bird'])).trim().split('\n');
}

const onlyDefaults: unknown[] = [
  expect.stringMatching(/^default via 172.31.0.1 dev uplink0/),
  // OSPF gives the link-local address of the router.
  expect.stringMatching(/^default via (2001:db8:31::1|fe80::\S+) dev uplink0/),
];

/** Resident memory of our BIRD in megabytes. */
async function memoryOfBird(host: TestHost): Promise<number> {
  const status = await host.run(['sh', '-c', 'cat /proc/$(cat /run/mustredirect/host.bird/bird.pid)/status']);
  return (Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1]) * 1024) / 1e6;
}

const server = `require('node:net').createServer((socket) => {
  socket.on('error', () => {});
  let sent = 0;
  const timer = setInterval(() => {
    socket.write(Buffer.alloc(65536, sent));
    if (++sent === 150) { clearInterval(timer); socket.end(); }
  }, 20);
}).listen(7000, '::');`;

const client = `const hash = require('node:crypto').createHash('sha256');
const connect = () => {
  const socket = require('node:net').connect(7000, process.argv[1]);
  let began = false;
  socket.on('connect', () => { began = true; console.log('connected'); });
  socket.on('error', (error) => { if (began) console.log(error.code); else setTimeout(connect, 100); });
  socket.on('data', (data) => hash.update(data));
  socket.on('end', () => console.log(hash.digest('hex')));
};
connect();`;

const expectedHash = (): string => {
  const hash = createHash('sha256');
  for (let sent = 0; sent < 150; sent += 1) hash.update(Buffer.alloc(65_536, sent));
  return hash.digest('hex');
};

/** Cuts both links of the first member, and counts packets that leave by the isp instead. */
async function transferDuringCut(family: 4 | 6): Promise<{ hash: string; leaked: number }> {
  const { node1, isp, upstream, switch: lan } = world.hosts;
  const mac = (await isp.run(['cat', '/sys/class/net/eth0/address'])).trim();
  const capture = await world.capture(
    'isp',
    'eth0',
    `ether dst ${mac} and host ${addressesOf(family).internet}`,
  );
  const argv = inNetwork('/run/netns/web', [process.execPath, '-e', client, addressesOf(family).internet]);
  const transfer = node1.exec.run(argv);
  await new Promise((resolve) => setTimeout(resolve, 800));
  await lan.run(['ip', 'link', 'set', 'gw1', 'down']);
  await upstream.run(['ip', 'link', 'set', 'gw1', 'down']);
  const { stdout } = await transfer;
  await lan.run(['ip', 'link', 'set', 'gw1', 'up']);
  await upstream.run(['ip', 'link', 'set', 'gw1', 'up']);
  await upstream.run(['ip', 'address', 'replace', `${addressesOf(6).upstream}/64`, 'dev', 'gw1']);
  return { hash: stdout.trim().replace('connected\n', ''), leaked: (await capture.stop()).length };
}

describe('an upstream router by BGP', () => {
  it('hears the subnets, and sees the addresses of the containers', async () => {
    const { upstream } = world.hosts;
    await waitForMember('gw1');
    await waitFor('routes back', async () => (await pings()).every(Boolean));
    const capture = await world.capture('upstream', 'gw1', 'icmp or icmp6');
    await pings();
    const sources = (await capture.stop()).map(({ source }) => source);
    expect(sources).toContain('10.89.4.2');
    expect(sources).not.toContain(addressesOf(4).uplink);
    const heard = await show(upstream, 'show bgp ipv4 unicast');
    expect(heard.match(/\d\S+\/\d+/g)).toEqual(['10.89.4.0/24']);
  });

  it('with a full table, and private and own prefixes, gets nothing accepted but the default', async () => {
    const { upstream, gw1 } = world.hosts;
    const networks = Array.from({ length: 10_000 }, (_, i) => `20.${i >> 8}.${i & 255}.0/24`);
    const more = ['10.89.4.0/25', '192.168.50.0/24', '10.0.0.0/8'];
    const lines = [...networks, ...more].map((one) => `  network ${one}`).join('\n');
    const config = `router bgp 64496\n no bgp network import-check\n address-family ipv4 unicast\n${lines}\n`;
    await upstream.files.replace('/run/frr-lab/table.conf', config, 0o644);
    const memory = await memoryOfBird(gw1);
    await vtysh(upstream, '-f', '/run/frr-lab/table.conf');
    const seen = async (): Promise<number> => {
      const text = await birdc(gw1, 'show', 'protocols', 'all', 'uplink_member_office4');
      return Number(/Import updates: +\d+ +\d+ +(\d+)/.exec(text)?.[1]);
    };
    await waitFor('all routes', async () => (await seen()) >= 10_003, 40_000);
    const accepted = await birdc(gw1, 'show', 'route', 'protocol', 'uplink_member_office4');
    expect(accepted.match(/^\d\S+(?= +unicast)/gm)).toEqual(['0.0.0.0/0']);
    expect(await learnedRoutes(gw1)).toEqual(onlyDefaults);
    // What is refused is not kept.
    expect((await memoryOfBird(gw1)) - memory).toBeLessThan(1);
    await vtysh(upstream, '-c', 'conf t', '-c', 'no router bgp 64496');
    await vtysh(upstream, '-f', '/run/frr-lab/frr.conf');
  });

  it('takes a connection over while the first member is cut', async () => {
    const running = await world.hosts.upstream.background.start(
      endingWithStdin([process.execPath, '-e', server]),
    );
    for (let round = 0; round < (isThorough ? 10 : 1); round += 1) {
      for (const family of families) {
        await waitForMember('gw1');
        await waitFor('routes back', async () => (await pings()).every(Boolean));
        expect(await transferDuringCut(family)).toEqual({ hash: expectedHash(), leaked: 0 });
      }
    }
    await running.stop();
  });

  it('is not spoken with when the password is wrong, which is a reason to leave the member', async () => {
    const { gw1 } = world.hosts;
    await waitForMember('gw1');
    await gw1.files.replace('/etc/bgp.password', 'other\n');
    expect(await mustSucceed(gw1, 'apply', '--yes')).toContain('new password in /etc/bgp.password');
    await waitForMember('gw2');
    expect(await pings()).toEqual([true, true]);
    const { stdout } = await mustredirect(gw1, 'doctor');
    expect(stdout).toContain('gateway office: no routes by BGP with upstream router at 172.31.0.1: ');
    await gw1.files.replace('/etc/bgp.password', 'secret\n');
    await mustSucceed(gw1, 'apply', '--yes');
    await waitForMember('gw1');
    const kept = await gw1.run([
      'sh',
      '-c',
      'cat /var/lib/mustredirect/*; mustredirect render 2>/dev/null; :',
    ]);
    expect(kept).not.toMatch(/"secret"|other/);
  });

  it('does not hear containers, whose address would be that of its neighbour', async () => {
    const applyWith = async (snat: string): Promise<void> => {
      await writeFile(world, bgp, `    snat: ${snat}\n`, uplinkBgp);
      for (const host of allHosts()) await mustSucceed(host, 'apply', '--yes');
      await waitForMember('gw1');
      await waitFor('answers', async () => (await pings()).every(Boolean));
    };
    await applyWith('masquerade');
    const opening = '(tcp[13] & 0x12 == 2) or (ip6[6] == 6 and ip6[53] & 0x12 == 2)';
    const capture = await world.capture('upstream', 'gw1', opening);
    for (const family of families) {
      for (const port of ['179', '180'])
        await world.containers.run('web', [
          'timeout',
          '1',
          'busybox',
          'nc',
          addressesOf(family).upstream,
          port,
        ]);
    }
    const seen = (await capture.stop()).map(
      ({ source, destinationPort }) => `${source} to ${destinationPort}`,
    );
    // Control: another port is reached, with the address of the member.
    expect([...new Set(seen)]).toEqual(families.map((family) => `${addressesOf(family).uplink} to 180`));
    await applyWith('none');
  });
});

const uplinkOspf = (more = ''): string =>
  `{ protocol: ospf, area: 0, hello: 1s, bfd: { interval: 50ms }${more} }`;

const ospfLink = (device: string): string => `
interface ${device}
 ip ospf hello-interval 1
 ip ospf dead-interval 4
 ip ospf area 0
 ip ospf bfd
 ip ospf bfd profile fast
 ip ospf authentication message-digest
 ip ospf message-digest-key 1 md5 secret
 ipv6 ospf6 hello-interval 1
 ipv6 ospf6 dead-interval 4
 ipv6 ospf6 area 0
 ipv6 ospf6 bfd profile fast
exit
`;

const frrOspf = `
router ospf
 ospf router-id 9.9.9.9
 default-information originate always
exit
router ospf6
 ospf6 router-id 9.9.9.9
 default-information originate always
exit
${ospfLink('gw1')}
${ospfLink('gw2')}
`;

describe('an upstream router by OSPF', () => {
  it('hears the subnets, gives the default, and takes a connection over', async () => {
    const { upstream, node1 } = world.hosts;
    await vtysh(upstream, '-c', 'conf t', '-c', 'no router bgp 64496');
    await startFrr(upstream, ['ospfd', 'ospf6d'], frrOspf);
    const withFile = async (more: string): Promise<void> => {
      await writeFile(world, bgp, '    snat: none\n', () => uplinkOspf(more));
      for (const host of allHosts()) await mustSucceed(host, 'apply', '--yes');
    };
    const isFirst = async (): Promise<boolean> => (await learnedDefault(node1, 4)) === addressesOf(4).gw1;
    await withFile(', password_file: /etc/bgp.password');
    await waitFor('gw1 in IPv4', isFirst);
    // Its OSPF for IPv6 has no password.
    expect(await learnedDefault(node1, 6)).toBe('none');
    await vtysh(
      upstream,
      ...['conf t', 'int gw1', 'no ip ospf authentication'].flatMap((line) => ['-c', line]),
    );
    await vtysh(
      upstream,
      ...['conf t', 'int gw2', 'no ip ospf authentication'].flatMap((line) => ['-c', line]),
    );
    await withFile('');
    await waitForMember('gw1');
    await waitFor('routes back', async () => (await pings()).every(Boolean));
    const running = await upstream.background.start(endingWithStdin([process.execPath, '-e', server]));
    expect(await transferDuringCut(4)).toEqual({ hash: expectedHash(), leaked: 0 });
    await running.stop();
  });

  it('with a full table puts nothing but the default into the kernel', async () => {
    const { upstream, gw1 } = world.hosts;
    await waitFor('both defaults', async () => (await learnedRoutes(gw1)).length === 2);
    const memory = await memoryOfBird(gw1);
    const routes = Array.from(
      { length: 10_000 },
      (_, i) => `route add blackhole 20.${i >> 8}.${i & 255}.0/24\n`,
    );
    await upstream.run(['ip', '-batch', '-'], { input: routes.join('') });
    const lines = ['conf t', 'router ospf', 'redistribute kernel'];
    await vtysh(upstream, ...lines.flatMap((line) => ['-c', line]));
    const heard = async (): Promise<number> => {
      const text = await birdc(gw1, 'show', 'ospf', 'lsadb', 'type', '5', 'uplink_member_office4');
      return text.match(/^ 0005 +20\./gm)?.length ?? 0;
    };
    await waitFor('all routes', async () => (await heard()) === 10_000, 120_000);
    expect(await learnedRoutes(gw1)).toEqual(onlyDefaults);
    const accepted = await birdc(gw1, 'show', 'route', 'protocol', 'uplink_member_office4');
    expect(accepted.match(/^\d\S+(?= +unicast)/gm)).toEqual(['0.0.0.0/0']);
    // OSPF keeps what every router says, whatever a filter makes of it.
    expect((await memoryOfBird(gw1)) - memory).toBeLessThan(10);
  });
});
