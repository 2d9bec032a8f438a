/** `mustredirect lab demo`: applies one file on two hosts, and shows captures of the traffic before and after. */
import { runOrFail } from '../host/process/exec.ts';
import { describe, familiesOf, writeFiles, type LabIo, type UpOptions } from './commands.ts';
import { judge, type Finding, type Observation } from './evidence.ts';
import { compareDumps, dumpHost } from './host-dump.ts';
import { network, subnetOf } from './layout.ts';
import { observe, type Sender } from './observe.ts';
import type { TestHost } from './test-host.ts';
import { createWorld, type World } from './world.ts';

/** Runs the demo in a temporary lab; returns whether all findings are as expected. */
export async function labDemo({ name = 'demo', engine, ipv6, self }: UpOptions, io: LabIo): Promise<boolean> {
  const [node = ''] = self;
  const world = await createWorld({ name, engine, node, families: familiesOf({ ipv6 }) });
  try {
    await writeFiles(world);
    describe(world).forEach((line) => io.print(line));
    return await demonstrate(world, self, io);
  } finally {
    await world.down();
  }
}

async function demonstrate(world: World, self: readonly string[], io: LabIo): Promise<boolean> {
  const { node1, gw1 } = world.hosts;
  await world.containers.createNetwork(network.name, ...world.families.map(subnetOf));
  const early = await startSender(world, 'early');
  const dumps = await Promise.all([node1, gw1].map(dumpHost));
  io.print('\ncontainer early is started, and sends: nothing is applied yet');
  const before = await observeEach(world, [early]);
  // The gateway comes first, so that it is ready before node1 sends packets to it.
  for (const host of [gw1, node1]) {
    const lines = await runSelf(host, self, ['apply', '--yes'], io);
    lines.forEach((line) => io.print(`  ${line}`));
  }
  const late = await startSender(world, 'late');
  io.print('container late is started, and both send');
  const after = await observeEach(world, [early, late]);
  await world.containers.remove(late.name);
  for (const host of [node1, gw1]) {
    const lines = await runSelf(host, self, ['destroy', '--yes'], io);
    io.print(`  ${lines.at(-1) ?? ''}`);
  }
  const left = await leftBehind([node1, gw1], dumps);
  const findings = [...judgeEach(before, after), leftFinding(left)];
  printFindings(findings, io);
  left.forEach((line) => io.print(line));
  return findings.every(({ wrong }) => wrong === undefined);
}

async function startSender({ containers }: World, name: string): Promise<Sender> {
  await containers.start(name, network.name);
  return { name, addresses: await containers.addresses(name, network.name) };
}

/** Observes one family after the other. */
async function observeEach(world: World, senders: readonly Sender[]): Promise<readonly Observation[]> {
  const observations: Observation[] = [];
  for (const family of world.families) observations.push(await observe(world, senders, family));
  return observations;
}

/** Names the family in findings when there are several. */
function judgeEach(before: readonly Observation[], after: readonly Observation[]): readonly Finding[] {
  return after.flatMap((observation, i) => {
    const earlier = before[i];
    if (!earlier) return [];
    const about = after.length > 1 ? `IPv${observation.family}: ` : '';
    return judge(earlier, observation).map((finding) => ({ ...finding, what: about + finding.what }));
  });
}

/** Runs this program on a test host with the environment of that host, independent of ours. */
async function runSelf(
  { exec, name }: TestHost,
  self: readonly string[],
  args: readonly string[],
  io: LabIo,
): Promise<readonly string[]> {
  io.print(`${name}$ mustredirect ${args.join(' ')}`);
  const unset = ['HOST', 'STATE_DIR', 'RUN_DIR'].flatMap((variable) => ['-u', `MUSTREDIRECT_${variable}`]);
  return (await runOrFail(exec, ['env', ...unset, ...self, ...args])).split('\n');
}

type Dumps = readonly Awaited<ReturnType<typeof dumpHost>>[];

async function leftBehind(hosts: readonly TestHost[], before: Dumps): Promise<readonly string[]> {
  const after = await Promise.all(hosts.map(dumpHost));
  return hosts.flatMap((host, index) =>
    compareDumps(before[index] ?? {}, after[index] ?? {}).map((line) => `${host.name} ${line}`),
  );
}

function leftFinding(left: readonly string[]): Finding {
  const after = left.length === 0 ? 'nothing' : `${left.length} differences`;
  return {
    what: 'left behind by destroy',
    before: '',
    after,
    wrong: left.length > 0 ? 'see below' : undefined,
  };
}

function printFindings(findings: readonly Finding[], io: LabIo): void {
  const rows = [{ what: '', before: 'before apply', after: 'after apply', wrong: undefined }, ...findings];
  const width = (read: (row: Finding) => string) => Math.max(...rows.map((row) => read(row).length)) + 3;
  const [what, before, after] = [width((r) => r.what), width((r) => r.before), width((r) => r.after)];
  io.print('');
  for (const row of rows) {
    const cells = row.what.padEnd(what) + row.before.padEnd(before) + row.after.padEnd(after);
    io.print(`${cells}${row.wrong ? `WRONG: ${row.wrong}` : ''}`.trimEnd());
  }
}
