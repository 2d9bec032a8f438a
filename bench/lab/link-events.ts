/** Links that come and go as when an engine starts containers, with the events that the kernel reports of them. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Gateway } from './gateway-host.ts';

/** milliseconds between two batches */
const every = 100;
/** of links in a batch; each has about ten events, from its making to its end */
const pairs = 12;

/** @returns events a second */
export async function causeLinkEvents(host: Gateway, seconds: number): Promise<number> {
  const watching = await host.background.start(['ip', '-oneline', 'monitor', 'link', 'address']);
  try {
    const begin = performance.now();
    for (let batch = 1; performance.now() - begin < seconds * 1000; batch += 1) {
      await host.run(['ip', '-batch', '-'], { input: linesOf(batch) });
      await sleep(Math.max(0, begin + batch * every - performance.now()));
    }
    const events = watching.output().stdout.split('\n').length - 1;
    return (events * 1000) / (performance.now() - begin);
  } finally {
    await watching.stop();
  }
}

function linesOf(batch: number): string {
  return Array.from({ length: pairs }, (_, pair) => {
    const [one, other] = [`burst${batch}x${pair}`, `burst${batch}y${pair}`];
    return `link add ${one} type veth peer name ${other}
link set ${one} up
link set ${other} up
link delete ${one}
`;
  }).join('');
}
