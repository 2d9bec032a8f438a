/** The networks that we created, by the label that they carry: for a host whose ledger cannot be read. */
import type { Host } from '../host/ports.ts';
import type { LedgerNetwork } from '../state/ledger.ts';
import type { Engines } from './index.ts';
import { ownLabel } from './own-label.ts';

const labelling = ['docker', 'podman', 'nerdctl'] as const;

/** An engine that is not there, or does not answer, has none. */
export async function labelledNetworks(host: Host, engines: Engines): Promise<LedgerNetwork[]> {
  const found = await Promise.all(
    labelling.map(async (engine): Promise<LedgerNetwork[]> => {
      try {
        const names = await listNames(host, engine);
        const networks = await engines[engine].readNetworks(
          host,
          names.map((name) => ({ name, subnets: [] })),
        );
        return networks
          .filter(({ ours }) => ours === true)
          .map(({ name, subnets }) => ({ engine, name, subnets, created: true }));
      } catch {
        return [];
      }
    }),
  );
  return found.flat();
}

async function listNames({ exec }: Host, engine: (typeof labelling)[number]): Promise<string[]> {
  const label = `label=${ownLabel.key}=${ownLabel.value}`;
  const argv = [engine, 'network', 'ls', '--filter', label, '--format', '{{.Name}}'];
  const { exitCode, stdout } = await exec.run(argv);
  return exitCode === 0 ? stdout.split('\n').filter(Boolean) : [];
}
