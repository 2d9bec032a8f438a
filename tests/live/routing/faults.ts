/** A node, one member, and an upstream router, of which one is set wrong in each case. */
import * as z from 'zod';
import { expect } from 'vitest';
import { families } from '../../../src/address/cidr.ts';
import { filePath } from '../../../src/lab/example-file.ts';
import { addressesOf, network } from '../../../src/lab/layout.ts';
import { mustSucceed, mustredirect } from '../program.ts';
import { type FrrDaemon, startFrr, stopFrr } from './frr.ts';
import { leaksDuring } from './leaks.ts';
import { type RoutingWorld, waitFor } from './world.ts';

export const passwordFile = '/etc/routing.password';

export interface Setting {
  /** `routing:` of the gateway */
  readonly lan: string;
  /** `routing:` of the uplink; absent: a static default */
  readonly uplink?: string;
}

/** The file of node1 and gw1, which is the only member: without it, everything is closed. */
function fileOf({ lan, uplink }: Setting): string {
  const [v4, v6] = [addressesOf(4), addressesOf(6)];
  const way = uplink === undefined ? `via: [${v4.upstream}, '${v6.upstream}']` : `routing: ${uplink}`;
  return `version: 1
hosts:
  node1: [${v4.node1}, '${v6.node1}']
  gw1: [${v4.gw1}, '${v6.gw1}']
networks:
  ${network.name}:
    engine: external
    subnets: { node1: [${network.subnet}, '${network.subnet6}'] }
    via: office
gateways:
  office:
    members: [{ host: gw1, uplink: { device: uplink0, ${way} } }]
    routing: ${lan}
    snat: none
`;
}

export async function applyOn(
  { hosts }: RoutingWorld,
  host: 'node1' | 'gw1',
  setting: Setting,
  password?: string,
): Promise<void> {
  await hosts[host].files.replace(filePath, fileOf(setting));
  if (password !== undefined) await hosts[host].files.replace(passwordFile, `${password}\n`);
  await mustSucceed(hosts[host], 'apply', '--yes');
}

/** Starts daemons of FRR anew with this configuration: what they had before is gone. */
export async function restartFrr(
  { hosts: { upstream } }: RoutingWorld,
  daemons: readonly FrrDaemon[],
  config: string,
): Promise<void> {
  await stopFrr(upstream, daemons);
  await startFrr(upstream, daemons, config);
}

const findingsSchema = z.array(z.object({ problem: z.string(), remedy: z.string() }));

/** Findings of `doctor` about sessions. */
export async function sessionFindings(world: RoutingWorld, host: 'node1' | 'gw1') {
  const { stdout, stderr } = await mustredirect(world.hosts[host], 'doctor', '--json');
  if (stdout === '') throw new Error(stderr);
  return findingsSchema.parse(JSON.parse(stdout)).filter(({ problem }) => /\b(BGP|OSPF|BFD)\b/.test(problem));
}

/** Default routes from BIRD in the node's table. */
async function defaults({ hosts: { node1 } }: RoutingWorld): Promise<number> {
  const texts = await Promise.all(
    families.map((family) =>
      node1.run(['ip', `-${family}`, 'route', 'show', 'table', '2184', 'proto', 'bird']),
    ),
  );
  return texts.join('').match(/default/g)?.length ?? 0;
}

export function waitForDefaults(world: RoutingWorld, count: number): Promise<void> {
  return waitFor(`${count} defaults on the node`, async () => (await defaults(world)) === count);
}

/** What doctor says about a session: parts of the problem, and of the remedy. */
export type Said = readonly [problem: RegExp, remedy: RegExp];

/** What doctor should say, and that nothing leaked. */
export function sayings(says: readonly Said[]) {
  const found = says.map(([problem, remedy]) => ({
    problem: expect.stringMatching(problem) as unknown,
    remedy: expect.stringMatching(remedy) as unknown,
  }));
  return { found, leaked: 0 };
}

type Findings = Awaited<ReturnType<typeof sessionFindings>>;

function areSaid(found: Findings, says: readonly Said[]): boolean {
  return (
    found.length === says.length &&
    says.every(
      ([problem, remedy], i) => problem.test(found[i]?.problem ?? '') && remedy.test(found[i]?.remedy ?? ''),
    )
  );
}

/** milliseconds for a session to notice a fault: a hold time, and more on a busy machine */
const patience = 60_000;

/**
 * Sets something wrong, and returns all that doctor says about sessions once they have noticed, in its order: what is
 * expected, or the last that it says. Meanwhile packets of a container that leave by another way are counted.
 *
 * @param count of the defaults that the node is left with
 */
export async function faultSeen(
  world: RoutingWorld,
  host: 'node1' | 'gw1',
  count: number,
  says: readonly Said[],
  set: () => Promise<void>,
) {
  let found: Findings = [];
  const leaked = await leaksDuring(world, async () => {
    await set();
    await waitForDefaults(world, count);
    const deadline = performance.now() + patience;
    do found = await sessionFindings(world, host);
    while (!areSaid(found, says) && performance.now() < deadline);
  });
  return { found, leaked };
}
