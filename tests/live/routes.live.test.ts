/** Routes and published ports with packets: matching packets take their path, and others do not. */
import { afterEach, describe, expect, it } from 'vitest';
import { type Family, familyOf } from '../../src/address/cidr.ts';
import { endingWithStdin } from '../../src/host/process/background.ts';
import { inNetwork } from '../../src/host/process/namespaces.ts';
import { exampleFile, filePath } from '../../src/lab/example-file.ts';
import { type Families, addresses, addressesOf, network } from '../../src/lab/layout.ts';
import type { World, WorldOptions } from '../../src/lab/world.ts';
import { mustSucceed } from './program.ts';
import { createTestWorld } from './test-world.ts';

let world: World;

afterEach(async () => {
  await world.down();
});

/** @param change makes the file of the test from that of the lab */
async function build(
  change: (text: string) => string,
  options: Partial<WorldOptions> & { readonly families?: Families },
): Promise<void> {
  world = await createTestWorld({ engine: 'external', ...options });
  const { families = [4] } = options;
  const text = change(exampleFile('external', { families }));
  const { node1, gw1 } = world.hosts;
  await Promise.all([node1, gw1].map((host) => host.files.replace(filePath, text)));
  const subnets = families.includes(6) ? [network.subnet, network.subnet6] : [network.subnet];
  await world.containers.createNetwork(network.name, ...subnets);
  await world.containers.start('web', network.name);
}

async function apply(): Promise<void> {
  await mustSucceed(world.hosts.gw1, 'apply', '--yes');
  await mustSucceed(world.hosts.node1, 'apply', '--yes');
}

const udpAsker = `
const socket = require('node:dgram').createSocket('udp4');
socket.on('message', (answer) => { console.log(String(answer)); process.exit(); });
socket.send('?', 80, '${addresses.internet}');
setTimeout(() => process.exit(), 2000);
`;

/** Host that replies at the internet address, and the source that it saw. */
async function ask(proto: 'tcp' | 'udp'): Promise<string> {
  const { stdout } =
    proto === 'tcp'
      ? await world.containers.run('web', ['timeout', '3', 'wget', '-qO-', `http://${addresses.internet}`])
      : await world.hosts.node1.exec.run(inNetwork('/run/netns/web', [process.execPath, '-e', udpAsker]));
  return stdout.trim();
}

const ping = ['ping', '-c', '3', '-i', '0.2', '-W', '1', addresses.internet];

/** Adds a second link between node1 and isp, which is the other gateway there and replies to TCP on it. */
async function secondLink(): Promise<void> {
  const { node1, isp } = world.hosts;
  for (const [host, address] of [
    [node1, '192.168.60.10'],
    [isp, '192.168.60.1'],
  ] as const) {
    const lines = [
      'link add mail0 link eth0 type macvlan mode bridge',
      `address add ${address}/24 dev mail0`,
      'link set mail0 up',
    ];
    // Both links share one segment: each replies to ARP only for its own address.
    await host.files.overwrite('/proc/sys/net/ipv4/conf/all/arp_ignore', '1');
    await host.run(['ip', '-batch', '-'], { input: `${lines.join('\n')}\n` });
  }
  // Only node1's filter is tested, so the isp's is off.
  for (const device of ['all', 'eth0', 'mail0']) {
    await isp.files.overwrite(`/proc/sys/net/ipv4/conf/${device}/rp_filter`, '0');
  }
  const back = [
    `route add ${network.subnet} via 192.168.60.10 table 60`,
    `rule add to ${network.subnet} ipproto tcp lookup 60`,
  ];
  await isp.run(['ip', '-batch', '-'], { input: `${back.join('\n')}\n` });
}

const routes = `    routes:
      - { to: 203.0.113.0/24, proto: tcp, ports: "80-90", via: mail }
      - { to: 203.0.113.0/24, proto: udp, via: direct }
`;

function withRoutes(text: string): string {
  return text
    .replace('\nnetworks:', '  isp: 192.168.60.1\n\nnetworks:')
    .replace('    via: office\n', `    via: office\n${routes}`)
    .concat('  mail:\n    members: [{ host: isp, uplink: { device: eth0 } }]\n');
}

describe.each([0, 1, 2] as const)('routes, with rp_filter %s', (rpFilter) => {
  it('send each packet on its own path only', async () => {
    await build(withRoutes, { rpFilter });
    await secondLink();
    const web = '10.89.4.2';
    // Control: before apply, all packets leave by the first link with the host's address, where a capture sees them.
    expect([await ask('tcp'), await ask('udp')]).toEqual([
      `isp saw ${addresses.node1}`,
      `isp saw ${addresses.node1}`,
    ]);
    await apply();
    const towards = async (device: string): Promise<string> => {
      const mac = await world.hosts.node1.run(['cat', `/sys/class/net/${device}/address`]);
      return `ether src ${mac.trim()} and dst host ${addresses.internet}`;
    };
    const captures = {
      direct: await world.capture('isp', 'eth0', await towards('eth0')),
      mail: await world.capture('isp', 'eth0', await towards('mail0')),
      office: await world.capture('upstream', 'gw1', `dst host ${addresses.internet}`),
    };
    expect(await ask('tcp')).toBe(`isp saw ${web}`);
    expect(await ask('udp')).toBe(`isp saw ${addresses.node1}`);
    expect((await world.containers.run('web', ping)).exitCode).toBe(0);
    const seen = async (way: keyof typeof captures): Promise<string[]> => {
      const packets = await captures[way].stop();
      return [...new Set(packets.map(({ protocol, source }) => `${protocol} from ${source}`))];
    };
    expect({ direct: await seen('direct'), mail: await seen('mail'), office: await seen('office') }).toEqual({
      direct: [`udp from ${addresses.node1}`],
      mail: [`tcp from ${web}`],
      office: [`icmp from ${addresses.uplink}`],
    });
    expect(await mustSucceed(world.hosts.node1, 'plan', '--check')).toContain('nothing to do');
  });

  it('are blocked when their gateway is gone', async () => {
    await build(withRoutes, { rpFilter });
    await secondLink();
    await apply();
    expect(await ask('tcp')).toMatch(/^isp saw 10/);
    await world.hosts.node1.run(['ip', 'link', 'set', 'mail0', 'down']);
    const captures = [
      await world.capture('isp', 'eth0', `tcp and dst host ${addresses.internet}`),
      await world.capture('gw1', 'eth0', `tcp and dst host ${addresses.internet}`),
    ];
    expect(await ask('tcp')).toBe('');
    for (const capture of captures) expect(await capture.stop()).toEqual([]);
  });
});

const server = `
require('node:http').createServer((request, response) => {
  response.end('web saw ' + request.socket.remoteAddress.replace('::ffff:', ''));
}).listen(80, () => console.log('ready'));
`;

describe.each([0, 1, 2] as const)('a published port, with rp_filter %s', (rpFilter) => {
  it.each(['masquerade', 'none'])(
    'forwards clients to a container, which sees their address (snat %s)',
    async (snat) => {
      const families = [4, 6] as const;
      const publish = ['10.89.4.2', '"2001:db8:89:4::2"'].map(
        (to) => `      - { port: 8080, to: ${to}, to_port: 80 }\n`,
      );
      await build(
        (text) => `${text.replace('snat: masquerade', `snat: ${snat}`)}    publish:\n${publish.join('')}`,
        { rpFilter, families, containersRouted: true },
      );
      // Uses the link's own address for ARP: a strict filter drops requests from the other one.
      await world.hosts.upstream.files.overwrite('/proc/sys/net/ipv4/conf/all/arp_announce', '2');
      const argv = endingWithStdin(inNetwork('/run/netns/web', [process.execPath, '-e', server]));
      const running = await world.hosts.node1.background.start(argv);
      expect([await call(4), await call(6)]).toEqual(['', '']);
      await apply();
      const astray = await world.capture('isp', 'eth0', 'tcp and (port 80 or port 8080)');
      for (const family of families) {
        expect(await call(family)).toBe(`web saw ${addressesOf(family).internet}`);
      }
      expect(await astray.stop()).toEqual([]);
      await mustSucceed(world.hosts.gw1, 'destroy', '--yes');
      expect(await call(4)).toBe('');
      await running.stop();
    },
  );
});

const caller = `
const [localAddress, host] = process.argv.slice(1);
const request = require('node:http').get({ localAddress, host, port: 8080, timeout: 2000 }, (response) => {
  response.on('data', (answer) => { console.log(String(answer)); process.exit(); });
});
request.on('error', () => process.exit());
request.on('timeout', () => process.exit());
`;

/** Connects from beyond the uplink, with an address that is on no link of the gateway. */
async function call(family: Family): Promise<string> {
  const { internet, uplink } = addressesOf(family);
  expect(familyOf(uplink)).toBe(family);
  const { stdout } = await world.hosts.upstream.exec.run([process.execPath, '-e', caller, internet, uplink]);
  return stdout.trim();
}
