/** Continuous flows of a container: datagrams from one port, data on one connection, pings. */
import type * as dgram from 'node:dgram';
import type * as net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Family } from '../../src/address/cidr.ts';
import { endingWithStdin } from '../../src/host/process/background.ts';
import { inNetwork } from '../../src/host/process/namespaces.ts';
import { addressesOf } from '../../src/lab/layout.ts';
import { responderPort } from '../../src/lab/responder.ts';
import type { World } from '../../src/lab/world.ts';
import { countDeclared, declaredWayIsOpen } from './leak-matrix/declared-way.ts';
import { programOf } from './test-world.ts';

/** Node's `require` */
type Load = (module: string) => unknown;

/** source port of the datagrams */
const senderPort = 5000;
/** milliseconds between datagrams: 500 per second */
const interval = 2;
/** Real-time priority: a container that waits longer than the reset takes cannot be reset. */
const always = ['chrt', '--fifo', '1'];
/** milliseconds until sent packets have arrived */
const settling = 100;

export interface Sender {
  /** Pauses the flows: a capture is complete only without traffic. */
  hold(): Promise<void>;
  goOn(): void;
  stop(): Promise<void>;
}

/** Starts the flows in a container's network, for each family; they end with the test. */
export async function startFlows(world: World, name: string, families: readonly Family[]): Promise<Sender> {
  const { node1 } = world.hosts;
  const inside = await networkOf(world, name);
  const programs = families.flatMap((family) => {
    const address = addressesOf(family).internet;
    const target = { address, port: responderPort, from: senderPort, interval };
    const text = `(${sendForever.toString()})(require, ${JSON.stringify(target)})`;
    return [
      [process.execPath, '-e', text],
      ['ping', '-q', '-i', '0.02', address],
    ];
  });
  const running = await Promise.all(
    programs.map((argv) => node1.background.start(endingWithStdin(inNetwork(inside, [...always, ...argv])))),
  );
  const tellAll = (signal: string): void => {
    for (const one of running) one.write(`${signal}\n`);
  };
  return {
    async hold() {
      tellAll('STOP');
      await sleep(settling);
    },
    goOn: () => tellAll('CONT'),
    async stop() {
      tellAll('CONT');
      await Promise.all(running.map((one) => one.stop()));
    },
  };
}

/**
 * Waits until all flows use the declared path. Older connections are replaced: a server with half of an old connection
 * retransmits for minutes.
 */
export async function untilRedirected({ hosts: { upstream } }: World): Promise<void> {
  await countDeclared(upstream);
  await upstream.run([
    'ss',
    '--kill',
    '--no-header',
    'state',
    'established',
    'sport',
    '=',
    `:${responderPort}`,
  ]);
  const come = await declaredWayIsOpen(upstream, ['icmp', 'udp', 'data']);
  if (!come[4] || !come[6]) throw new Error(`not redirected: ${JSON.stringify(come)}`);
}

async function networkOf({ hosts: { node1 }, engine }: World, name: string): Promise<string> {
  if (engine.engine === 'external') return `/run/netns/${name}`;
  const pid = await node1.run([programOf(engine.engine), 'inspect', '--format', '{{.State.Pid}}', name]);
  return `/proc/${pid.trim()}/ns/net`;
}

/** Node runs the text of this function, so it uses only its arguments and the language. */
function sendForever(
  load: Load,
  target: {
    readonly address: string;
    readonly port: number;
    readonly from: number;
    readonly interval: number;
  },
): void {
  const { address, port, from, interval: pause } = target;
  const { createSocket } = load('node:dgram') as typeof dgram;
  const { connect } = load('node:net') as typeof net;

  let standing: net.Socket | undefined;
  const stand = (): void => {
    standing = connect(port, address);
    standing.on('error', () => {});
    standing.resume();
    standing.once('close', () => setTimeout(stand, 20));
  };

  const udp = createSocket(address.includes(':') ? { type: 'udp6', ipv6Only: true } : { type: 'udp4' });
  udp.on('error', () => {});
  udp.bind(from, () => {
    let begin = performance.now();
    let sent = 0;
    // A timer may be late: due datagrams are sent at once, to keep the rate. Those that were due during a pause are
    // skipped.
    setInterval(() => {
      const due = (): number => (performance.now() - begin) / pause;
      if (due() - sent > 50) begin = performance.now() - sent * pause;
      for (; sent < due(); sent += 1) {
        udp.send('x', port, address, () => {});
        if (sent % 10 === 0 && standing?.readyState === 'open')
          standing.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
      }
    }, pause);
  });
  stand();
}
