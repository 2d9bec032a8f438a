/** Containers attached to each network, running or not, in all containerd namespaces. */
import { runOrFail } from '../../host/process/exec.ts';
import type { Exec } from '../../host/ports.ts';
import type { AttachedContainer } from '../../state/facts.ts';
import { tryDecode } from '../decode.ts';
import { containerSchema, networkNames, networksLabel } from './schema.ts';

/** Network name -> containers. */
export async function readContainers(exec: Exec): Promise<ReadonlyMap<string, readonly AttachedContainer[]>> {
  const namespaces = await readLines(exec, ['nerdctl', 'namespace', 'ls', '--quiet']);
  const containers = await Promise.all(namespaces.map((namespace) => readNamespace(exec, namespace)));
  const byNetwork = new Map<string, AttachedContainer[]>();
  for (const { networks, container } of containers.flat()) {
    for (const network of networks) byNetwork.set(network, [...(byNetwork.get(network) ?? []), container]);
  }
  return byNetwork;
}

interface Found {
  readonly networks: readonly string[];
  readonly container: AttachedContainer;
}

async function readNamespace(exec: Exec, namespace: string): Promise<Found[]> {
  const argv = ['nerdctl', '--namespace', namespace, 'ps', '--all', '--no-trunc', '--format', '{{json .}}'];
  return (await readLines(exec, argv)).flatMap((line) => {
    const read = tryDecode(containerSchema, line);
    if (!read) return [];
    const { ID, Names, Status, Labels } = read;
    const label = networksLabel.exec(Labels)?.[1];
    return {
      networks: label === undefined ? [] : (tryDecode(networkNames, label) ?? []),
      container: { name: Names || ID.slice(0, 12), running: /^(Up|Paus|Restarting)/.test(Status) },
    };
  });
}

async function readLines(exec: Exec, argv: readonly string[]): Promise<string[]> {
  return (await runOrFail(exec, argv)).split('\n').filter(Boolean);
}
