/** A gateway on its own, to apply files on: hosts of the file are addresses on its link, and need not answer. */
import type { Output } from '../../src/host/ports.ts';
import { addresses } from '../../src/lab/layout.ts';
import { createWorld, type World } from '../../src/lab/world.ts';
import type { Context } from '../parts/part.ts';

/** Long enough for the slowest thing that is measured. */
const timeout = 600_000;

export async function withGateway<T>(
  { name, node }: Context,
  suffix: string,
  use: (host: Gateway) => Promise<T>,
): Promise<T> {
  const world = await createWorld({ name: `${name}-${suffix}`, node, engine: 'external' });
  try {
    return await use(world.hosts.gw1);
  } finally {
    await world.down();
  }
}

export type Gateway = World['hosts']['gw1'];

/** @returns seconds, and what it said */
export async function timed(
  host: Gateway,
  argv: readonly string[],
  input?: string,
): Promise<Output & { readonly seconds: number }> {
  const begin = performance.now();
  const output = await host.exec.run(argv, { timeout, ...(input === undefined ? {} : { input }) });
  const seconds = (performance.now() - begin) / 1000;
  if (output.exitCode !== 0) throw new Error(`${argv.join(' ')}: exit ${output.exitCode}: ${output.stderr}`);
  return { ...output, seconds };
}

/** Takes away what the recipe by hand has made, and gives the main table its default route again. */
export async function undoByHand(host: Gateway): Promise<void> {
  const input = `rule flush
rule add pref 32766 lookup main
rule add pref 32767 lookup default
route flush table 2184
route flush table main proto boot
route add default via ${addresses.isp}
`;
  await host.run(['ip', '-batch', '-'], { input, timeout });
  await host.run(['iptables', '-t', 'nat', '-F']);
}
