/** Results of the agent's reads and repairs so far, kept for the API. */
import { hostStatus } from '../../explain/status.ts';
import type { Facts } from '../../state/facts.ts';
import { families } from '../../address/cidr.ts';
import type { HostRole } from '../../topology/role.ts';
import { withVerdicts } from '../../topology/verdicts.ts';
import { type AgentState, firstState } from '../agent-state.ts';
import type { FileHashes, Found } from '../look.ts';
import { freshHistogram, observe } from './metrics/metric.ts';
import type { HostFaults, Looked, Snapshot } from './snapshot.ts';

export interface Observed {
  onState(state: AgentState): void;
  onLook(found: Found | undefined): void;
  onFiles(files: FileHashes): void;
  files(): FileHashes | undefined;
  faults(): HostFaults;
  /** Works out the status of networks and gateways, once for each read of the host. */
  looked(): Looked | undefined;
  /** what the last read has found of gateways and links; absent: nothing is applied */
  host(): { readonly role: HostRole; readonly facts: Pick<Facts, 'links'> } | undefined;
  durations(): Pick<Snapshot, 'readDurations' | 'repairDurations'>;
}

/** seconds: a repair takes some tens of milliseconds, a changed file with ten thousand networks some seconds */
const limits = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** @param time seconds since 1970 */
export function createObserved(time: () => number): Observed {
  let last = firstState;
  let files: FileHashes | undefined;
  let found:
    { readonly found: Found; readonly time: number; looked?: Looked; faults?: HostFaults } | undefined;
  let readDurations = freshHistogram(limits);
  let repairDurations = freshHistogram(limits);
  return {
    onState(state) {
      if (state.reads > last.reads) readDurations = observe(readDurations, (state.lastRead ?? 0) / 1000);
      if (state.repairs > last.repairs)
        repairDurations = observe(repairDurations, (state.lastRepair?.took ?? 0) / 1000);
      last = state;
    },
    onLook(now) {
      // A read after an event about something else recalls the counters of the one before.
      const isRecalled = now?.counters === found?.found.counters;
      found = now && { found: now, time: isRecalled ? (found?.time ?? time()) : time() };
    },
    onFiles(now) {
      files = now;
    },
    files: () => files,
    faults() {
      if (found) found.faults ??= faultsOf(found.found);
      return found?.faults ?? noFaults;
    },
    looked() {
      if (found) found.looked ??= lookedAt(found.found, found.time);
      return found?.looked;
    },
    host: () => found && { role: found.found.target.role, facts: found.found.facts },
    durations: () => ({ readDurations, repairDurations }),
  };
}

const noFaults: HostFaults = { notReady: [], leaving: [] };

/** Much less work than the status of all networks, which only a client's request is worth. */
function faultsOf({ target: { role }, facts, desired: { notReady } }: Found): HostFaults {
  if (!role.networks.some(({ whenDown }) => whenDown === 'direct')) return { notReady, leaving: [] };
  const leaving = withVerdicts(role, facts).networks.flatMap(({ name: network, leavesDirectly = {} }) =>
    families.flatMap((family) => {
      const { why } = leavesDirectly[family] ?? {};
      return why === undefined ? [] : [{ network, family, why }];
    }),
  );
  return { notReady, leaving };
}

function lookedAt(found: Found, time: number): Looked {
  const status = hostStatus(found);
  return { time, status, gateways: found.target.role.gateways };
}
