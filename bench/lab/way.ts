/** One way that is measured: a sender, and a host that receives. */
import type { Address } from '../../src/address/cidr.ts';
import { endingWithStdin, waitUntil } from '../../src/host/process/background.ts';
import { addresses } from '../../src/lab/layout.ts';
import type { TestHost } from '../../src/lab/test-host.ts';
import { startWebServer } from './web-server.ts';

export interface Egress {
  /** Runs a program of the machine in the sender's network, and gives its stdout. */
  run(argv: readonly string[]): Promise<string>;
  readonly to: Address;
  readonly receiver: TestHost;
}

/** Where a receiver drops what is sent to it: it is counted there, and no program has to keep up with it. */
export const sinkPort = 5999;

const iperfPort = 5201;

/** Everything that a receiver has: a counted sink, iperf3, nginx, and a count of all that is for the internet. */
export async function listen(host: TestHost, address: Address): Promise<void> {
  const input = `table ip bench {
  counter sink {}
  counter internet {}
  chain prerouting {
    type filter hook prerouting priority raw
    ip daddr ${addresses.internet} counter name internet
    udp dport ${sinkPort} counter name sink drop
  }
}`;
  await host.run(['nft', '-f', '-'], { input });
  await startWebServer(host, address);
  await host.background.start(endingWithStdin(['iperf3', '-s', '-B', address, '-p', `${iperfPort}`]));
  const listening = async () => (await host.run(['ss', '-Hltn', 'sport', `${iperfPort}`])) !== '';
  if (!(await waitUntil(listening, 5000))) throw new Error(`iperf3 does not listen on ${host.name}`);
}

/** Packets that a receiver has dropped, or those for the internet that have come to it. */
export async function counted(host: TestHost, counter: 'sink' | 'internet'): Promise<number> {
  const said = await host.run(['nft', 'list', 'counter', 'ip', 'bench', counter]);
  return Number(/packets (\d+)/.exec(said)?.[1]);
}
