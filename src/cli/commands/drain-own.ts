/** `drain` and `undrain` on the member itself: all nodes leave it. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Source, appliedNow, readHistory } from '../../apply/history.ts';
import type { HostContext } from '../../apply/run/host-context.ts';
import { type OwnDrain, changeOwnDrain, ownEntry } from '../../apply/run/own-drain.ts';
import { MustredirectError } from '../../error.ts';
import { type DrainedGateway, drainedGateways } from '../../explain/drained-gateways.ts';
import { readDrained } from '../../host/files/drain-store.ts';
import { readNftTable } from '../../host/nft/read.ts';
import type { Target } from '../../inspect/prepare.ts';
import { drainedGatewayText, isLeft } from '../terminal/drained-text.ts';
import { appliedTarget } from '../session/session.ts';
import type { Terminal } from '../terminal/terminal.ts';

/** What was applied last, if it makes this host a member. */
export async function ownMembership(
  terminal: Terminal,
  context: HostContext,
): Promise<{ readonly target: Target; readonly source: Source } | undefined> {
  const { host, places } = context;
  const source = appliedNow(await readHistory(host.files, places.history));
  if (!source) return undefined;
  const target = appliedTarget(terminal, context, source);
  return target.role.gateways.length > 0 ? { target, source } : undefined;
}

export async function drainOwn(
  terminal: Terminal,
  change: OwnDrain,
  { json }: { readonly json?: true | undefined },
): Promise<void> {
  const { context, target, on, wait } = change;
  const { host: name } = target.role;
  const { host, places } = context;
  if (!on && !ownEntry(await readDrained(host.files, places.drained), name)) throw notDrained(name);
  if (on) refuseAlone(name, drainedGateways(target.role, target.gateways, []));
  await changeOwnDrain(terminal, change);
  const gateways = on ? await untilTold(context, target, wait) : [];
  if (json) {
    const found = on ? gateways : target.role.gateways.map(({ name: gateway }) => ({ gateway }));
    terminal.print(JSON.stringify({ member: name, drained: on, gateways: found }, null, 2));
  } else {
    terminal.print(
      [`${name} is ${on ? 'drained' : 'given back'}`, ...gateways.map(drainedGatewayText)].join('\n'),
    );
  }
  if (gateways.every(isLeft)) return;
  if (gateways.some(({ nodes = [] }) => nodes.some(({ told }) => !told))) {
    terminal.tell(
      'a node that has not asked goes on using this member: no agent runs there, or its pings do not get here',
      'warning',
    );
  }
  terminal.setExitStatus(3);
}

function notDrained(host: string): MustredirectError {
  return new MustredirectError('refused', `${host} is not drained`, {
    hint: 'a drain on a node is taken back there: `mustredirect undrain` with the name of the member',
  });
}

/** A drain that no node could follow would only look like one. */
function refuseAlone(host: string, gateways: readonly DrainedGateway[]): void {
  if (gateways.some(({ stays }) => stays === undefined)) return;
  const reasons = gateways.map(({ gateway, stays = '' }) => `gateway ${gateway}: ${stays}`);
  throw new MustredirectError('refused', `no node can leave ${host}: ${reasons.join('; ')}`, {
    hint: 'give the gateway another member and `check: {}`',
  });
}

/** milliseconds between two reads of the counters */
const readEvery = 200;

/** Waits until every node has asked, and has been told. */
async function untilTold(
  { host }: HostContext,
  { role, gateways }: Target,
  wait: number,
): Promise<DrainedGateway[]> {
  const end = performance.now() + wait * 1000;
  for (;;) {
    const { counters } = await readNftTable(host.exec);
    const found = drainedGateways(role, gateways, counters);
    const isTold = found.every(({ nodes = [] }) => nodes.every(({ told }) => told));
    if (isTold || performance.now() > end) return found;
    await sleep(readEvery);
  }
}
