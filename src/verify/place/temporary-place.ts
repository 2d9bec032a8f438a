/**
 * A network namespace for the moment, joined to this host by a veth. It belongs to a process that reads our
 * pipe: when we end, however that happens, the process ends, and the kernel takes the namespace, the veth,
 * and with it every route and neighbour entry on it.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Address } from '../../address/cidr.ts';
import { MustredirectError } from '../../error.ts';
import { holderArgv, pidOf } from './holder.ts';
import { type BridgeJoint, joinToBridge } from './join-bridge.ts';
import { joinByRoute } from './join-route.ts';
import type { LiveHost, Place } from '../live-host.ts';
import { type Veth, addVeth, deleteVeth, linkName } from './veth.ts';

/** How the namespace is joined to the host. */
export type Joint = BridgeJoint | { readonly kind: 'route' };

/**
 * Runs `work` in a namespace of its own that has this address. Throws `busy` when the address is taken, by
 * another verification or by anybody on the bridge.
 */
export async function withTemporaryPlace<T>(
  host: LiveHost,
  address: Address,
  joint: Joint,
  work: (place: Place) => Promise<T>,
): Promise<T> {
  const holder = await host.background.start(holderArgv);
  try {
    const veth = { name: linkName(address), pid: await pidOf(holder), address };
    await addVeth(host, veth);
    return await workJoined(host, veth, joint, work);
  } finally {
    await holder.stop();
  }
}

async function workJoined<T>(
  host: LiveHost,
  veth: Veth,
  joint: Joint,
  work: (place: Place) => Promise<T>,
): Promise<T> {
  const { name, pid, address: source } = veth;
  try {
    if (joint.kind === 'route') {
      await joinByRoute(host, veth);
      return await work({ pid, source, entry: name, from: `a temporary namespace (${source})` });
    }
    await joinToBridge(host, veth, joint);
    const from = `a temporary namespace on ${joint.bridge} (${source})`;
    return await work({ pid, source, entry: joint.bridge, from });
  } finally {
    // Not left to the end of the namespace, which the kernel puts off: gone means gone when we return.
    await deleteVeth(host, veth);
    if (joint.kind === 'bridge') await forget(host, joint.bridge, source);
  }
}

/** What this host has learned of the address; there may be nothing to forget. */
async function forget(host: LiveHost, bridge: string, address: Address): Promise<void> {
  await host.exec.run(['ip', 'neigh', 'delete', address, 'dev', bridge]);
}

/** Tries again while another verification has the address, for as long as one may take. */
export async function whenFree<T>(attempt: () => Promise<T>): Promise<T> {
  const deadline = performance.now() + 10_000;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      const busy = error instanceof MustredirectError && error.code === 'busy';
      if (!busy || performance.now() > deadline) throw error;
      await sleep(200);
    }
  }
}
