/**
 * Temporary network namespace, joined to this host by a veth. It belongs to a process that reads our pipe: when we end,
 * even by SIGKILL, that process ends, and the kernel removes the namespace, the veth, and its routes and neighbour
 * entries.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Address } from '../../address/cidr.ts';
import { MustredirectError } from '../../error.ts';
import { holderArgv, pidOf } from './holder.ts';
import { type BridgePort, joinToBridge } from './join-bridge.ts';
import { joinByRoute } from './join-route.ts';
import type { LiveHost, Sender } from '../live-host.ts';
import { type Veth, addVeth, deleteVeth, linkName } from './veth.ts';

/** Connection of the namespace to the host. */
export type Attachment = BridgePort | { readonly kind: 'route' };

/**
 * Runs `work` in a temporary namespace with this address. Throws `busy` when another verification or a host on the
 * bridge uses the address.
 */
export async function inTemporaryNamespace<T>(
  host: LiveHost,
  address: Address,
  attachment: Attachment,
  work: (sender: Sender) => Promise<T>,
): Promise<T> {
  const holder = await host.background.start(holderArgv);
  try {
    const veth = { name: linkName(address), pid: await pidOf(holder), address };
    await addVeth(host, veth);
    return await workAttached(host, veth, attachment, work);
  } finally {
    await holder.stop();
  }
}

async function workAttached<T>(
  host: LiveHost,
  veth: Veth,
  attachment: Attachment,
  work: (sender: Sender) => Promise<T>,
): Promise<T> {
  const { name, pid, address: source } = veth;
  try {
    if (attachment.kind === 'route') {
      await joinByRoute(host, veth);
      return await work({ pid, source, ingress: name, from: `a temporary namespace (${source})` });
    }
    await joinToBridge(host, veth, attachment);
    const from = `a temporary namespace on ${attachment.bridge} (${source})`;
    return await work({ pid, source, ingress: attachment.bridge, from });
  } finally {
    // The kernel delays the removal of the namespace; the veth must be gone when we return.
    await deleteVeth(host, veth);
    if (attachment.kind === 'bridge') await deleteNeighbour(host, attachment.bridge, source);
  }
}

/** Deletes the neighbour entry of the address on this host, if there is one. */
async function deleteNeighbour(host: LiveHost, bridge: string, address: Address): Promise<void> {
  await host.exec.run(['ip', 'neigh', 'delete', address, 'dev', bridge]);
}

/** Retries while another verification uses the address; one verification ends within ten seconds. */
export async function retryWhileBusy<T>(attempt: () => Promise<T>): Promise<T> {
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
