/** Containers whose first process sends continuously, so that they are never up and silent. */
import { network, addressesOf } from '../../../src/lab/layout.ts';
import { responderPort } from '../../../src/lab/responder.ts';
import type { World } from '../../../src/lab/world.ts';
import type { TestHost } from '../../../src/lab/test-host.ts';
import { families } from './families.ts';
import { senderText } from './sender-program.ts';

/** milliseconds between packets of a kind */
const interval = 10;

/** The machine's Node, and the libraries that it links. */
const volumes = ['/usr/lib:/usr/lib:ro', '/lib64:/lib64:ro', '/lib:/lib:ro', `${process.execPath}:/node:ro`];

export async function startSender({ hosts: { node1 }, engine }: World, name: string): Promise<void> {
  const targets = families.map((family) => ({ address: addressesOf(family).internet, port: responderPort }));
  const text = senderText({ targets, interval });
  const program = engine.engine === 'docker' ? 'docker' : 'podman';
  const start = [program, 'run', '--detach', '--name', name, '--network', network.name];
  const mounts = volumes.flatMap((volume) => ['--volume', volume]);
  await node1.run([...start, ...mounts, 'localhost/lab', '/node', '-e', text]);
}

/** Signals every process of every sender by its command line, which no other process has. */
const signalAll = `pkill -"$0" -f '^/node -e|^/bin/busybox ping'; true`;

/** Runs an action while all senders of the host are stopped. */
export async function whileQuiet(node: TestHost, act: () => Promise<void>): Promise<void> {
  await node.run(['sh', '-c', signalAll, 'STOP']);
  try {
    await act();
  } finally {
    await node.run(['sh', '-c', signalAll, 'CONT']);
  }
}
