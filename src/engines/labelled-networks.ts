/** Networks that carry our label, for a host whose ledger cannot be read. */
import { isInterruption } from '../host/process/interrupt.ts';
import type { Host } from '../host/ports.ts';
import type { LedgerNetwork } from '../state/ledger.ts';
import type { Engines } from './index.ts';
import { labellingEngines, ownLabel } from './own-label.ts';

/** Returns no networks of an engine that is missing or fails. */
export async function labelledNetworks(host: Host, engines: Engines): Promise<LedgerNetwork[]> {
  const found = await Promise.all(
    labellingEngines.map(async (engine): Promise<LedgerNetwork[]> => {
      try {
        const names = await listNames(host, engine);
        const networks = await engines[engine].readNetworks(
          host,
          names.map((name) => ({ name, subnets: [] })),
        );
        return networks
          .filter(({ ours }) => ours === true)
          .map(({ name, subnets }) => ({ engine, name, subnets, created: true }));
      } catch (error) {
        if (isInterruption(error)) throw error;
        return [];
      }
    }),
  );
  return found.flat();
}

async function listNames({ exec }: Host, engine: (typeof labellingEngines)[number]): Promise<string[]> {
  const label = `label=${ownLabel.key}=${ownLabel.value}`;
  const argv = [engine, 'network', 'ls', '--filter', label, '--format', '{{.Name}}'];
  const { exitCode, stdout } = await exec.run(argv);
  return exitCode === 0 ? stdout.split('\n').filter(Boolean) : [];
}
