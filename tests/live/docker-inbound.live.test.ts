/**
 * Connections to a docker container by the link to its gateway, which docker itself drops: a port published on
 * 127.0.0.1 is only for this host.
 */
import { afterEach, describe, expect, it } from 'vitest';
import type { Output } from '../../src/host/ports.ts';
import { exampleFile, filePath } from '../../src/lab/example-file.ts';
import { addresses, network } from '../../src/lab/layout.ts';
import type { World } from '../../src/lab/world.ts';
import { bridgeOf, dropCalls, installLaterDocker, raw, withLaterDocker } from './later-docker.ts';
import { noteOtherWay } from './leak-matrix/other-ways-section.ts';
import { mustSucceed } from './program.ts';
import { createTestWorld } from './test-world.ts';

let world: World;
/** address of the container */
let web: string;

afterEach(() => world?.down());

const trust = ['--opt', 'com.docker.network.bridge.trusted_host_interfaces=eth0'];

/** Starts a container that serves port 80, published on 127.0.0.1:9000 and on every address of the host as 8081. */
async function build(options: readonly string[]): Promise<void> {
  world = await createTestWorld({ engine: 'docker' });
  const { node1, isp } = world.hosts;
  await installLaterDocker(node1);
  const create = ['docker', 'network', 'create', '--subnet', network.subnet, ...options, network.name];
  await node1.run(create);
  const ports = ['--publish', '127.0.0.1:9000:80', '--publish', '8081:80'];
  const serve = 'mkdir /www; echo from the container >/www/index.html; exec httpd -f -p 80 -h /www';
  const run = ['docker', 'run', '--detach', '--name', 'web', '--network', network.name, ...ports];
  await node1.run([...run, 'localhost/lab', 'sh', '-c', serve]);
  web = (await world.containers.addresses('web', network.name))[0] ?? '';
  // A client on the LAN with a route to the containers.
  await isp.run(['ip', 'route', 'add', network.subnet, 'via', addresses.node1]);
}

function fileText(acceptReplies: boolean, publish = ''): string {
  const via = `    via: office\n${acceptReplies ? '    accept_replies: true\n' : ''}`;
  // Replies to clients on the LAN are direct.
  return `${exampleFile('docker', { direct: ['192.168.50.0/24'] }).replace('    via: office\n', via)}${publish}`;
}

async function apply(text: string): Promise<void> {
  const { node1, gw1 } = world.hosts;
  await Promise.all([node1, gw1].map((host) => host.files.replace(filePath, text)));
  await mustSucceed(gw1, 'apply', '--yes');
  const { exitCode, stderr }: Output = await withLaterDocker(node1, 'apply', '--yes');
  expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 });
}

/** Reply that a host gets from a port. */
async function call(from: 'isp' | 'upstream' | 'node1', address: string, port = 80): Promise<string> {
  const wget = ['timeout', '2', 'busybox', 'wget', '-qO-', `http://${address}:${port}`];
  return (await world.hosts[from].exec.run(wget)).stdout.trim();
}

async function askOutside(): Promise<string> {
  const wget = ['timeout', '3', 'wget', '-qO-', `http://${addresses.internet}`];
  return (await world.containers.run('web', wget)).stdout.trim();
}

const answered = 'from the container';

describe('a container with a port on 127.0.0.1', () => {
  it.each([
    ['accept_replies', [], true],
    ['a trusted link', trust, false],
  ] as const)(
    'gets no connections by the link to its gateway, with %s',
    async (how, options, acceptReplies) => {
      await build(options);
      const { node1 } = world.hosts;
      // Control: without rules of the later docker, the connection succeeds.
      expect(await call('isp', web)).toBe(answered);
      await dropCalls(node1, await bridgeOf(node1, network.name), web);
      if (!acceptReplies)
        await raw(node1, '-I', 'PREROUTING', '-d', `${web}/32`, '-i', 'eth0', '-j', 'ACCEPT');
      // Docker alone drops it, unless its network was created to trust the link for us.
      expect(await call('isp', web)).toBe(acceptReplies ? '' : answered);

      await apply(fileText(acceptReplies));
      expect(await askOutside()).toBe(`upstream saw ${addresses.uplink}`);
      // Not even the request arrives.
      const inside = await world.capture(
        'node1',
        await bridgeOf(node1, network.name),
        `src host ${addresses.isp}`,
      );
      expect(await call('isp', web)).toBe('');
      expect(await call('isp', web, 9000)).toBe('');
      await world.hosts.isp.exec.run(['ping', '-c', '2', '-i', '0.2', '-W', '1', web]);
      expect(await inside.stop()).toEqual([]);
      // Ports that docker publishes still work.
      expect(await call('isp', addresses.node1, 8081)).toBe(answered);
      expect(await call('node1', '127.0.0.1', 9000)).toBe(answered);

      const publish = `    publish:\n      - { port: 8080, to: ${web}, to_port: 80 }\n`;
      await apply(fileText(acceptReplies, publish));
      expect(await call('upstream', addresses.uplink, 8080)).toBe(answered);
      expect(await withLaterDocker(node1, 'status', '--check')).toMatchObject({ exitCode: 0 });
      await noteOtherWay({
        what: `a host of the LAN calls a container of docker that publishes on 127.0.0.1, with ${how}`,
        control: 'answered before docker drops it',
        applied: 'not answered, 0 on the bridge',
      });
    },
  );
});
