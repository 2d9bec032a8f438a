/** Follows the members of a host's gateways: probes them, leaves verdicts for runs, and changes routes to those in use. */
import type { Caller } from '../../apply/run/caller.ts';
import { type Known, changeRoutes } from '../../apply/run/change-routes.ts';
import type { HostContext } from '../../apply/run/host-context.ts';
import { drainedTtl } from '../../desired/nft/drained.ts';
import type { Verdicts } from '../../health/verdict.ts';
import { writeVerdicts } from '../../host/files/verdict-store.ts';
import { startStream } from '../../host/process/stream.ts';
import type { Found } from '../look.ts';
import { pause } from '../pause.ts';
import type { AgentStatus } from '../socket.ts';
import { type Members, createMembers } from './members.ts';
import { type ProbeCount, type ProbeCounts, createProbeCounts } from './probe-counts.ts';
import { createProbers } from './probers.ts';
import type { PingSample } from './ping-output.ts';
import { type Probe, wantedProbes, wantedQuestions } from './wanted-probes.ts';

export interface MembersFollowed {
  /** id of this agent */
  readonly id: string;
  readonly context: HostContext;
  readonly caller: Caller;
  /** called when the routes of new verdicts have been changed, or left to the next repair */
  readonly onRoutesChanged: () => void;
  readonly log: (line: string) => void;
  readonly end: AbortSignal;
}

export interface Followed {
  /** Takes over what a read has found; undefined: nothing is applied. */
  follow(found: Found | undefined): void;
  /** Resolves when the routes of all verdicts so far have been changed. */
  changed(): Promise<void>;
  status(): Pick<AgentStatus, 'members' | 'failedProbers'>;
  /** probes of each member and target so far */
  probes(): readonly ProbeCount[];
}

const noFacts = { links: [], foreignRoutes: [], ledger: {} };

export function followMembers({ id, context, caller, onRoutesChanged, log, end }: MembersFollowed): Followed {
  let known: Known | undefined;
  let changed = Promise.resolve();
  const use = async (verdicts: Verdicts): Promise<void> => {
    await writeVerdicts(context.host.files, context.places.verdicts, verdicts);
    // Without it, the read that follows finds what differs, and its repair changes the routes.
    if (known) known = (await changeRoutes(caller, context, known, verdicts)) ?? known;
  };
  const publish = (verdicts: Verdicts): void => {
    changed = changed
      .then(() => use(verdicts))
      .catch((error: unknown) => log(`the member in use cannot be changed at once: ${String(error)}`))
      .then(onRoutesChanged);
  };
  const now = (): number => performance.now();
  const later = (milliseconds: number, work: () => void): void =>
    void pause(milliseconds, end).then(() => end.aborted || work());
  const members = createMembers({ id, now, publish, later, log });
  const counts = createProbeCounts();
  const sample = (probe: Probe, one: PingSample): void => takeSample(members, counts, probe, one);
  const probers = createProbers({ now, sleep: pause, start: startStream }, { sample, log }, end);
  return {
    follow(found) {
      known = found;
      const role = found?.target.role ?? { networks: [] };
      members.follow(role, found?.facts ?? noFacts, found?.drained ?? []);
      const input = found && { ...found, role: found.target.role };
      const probes = input ? wantedProbes(input) : [];
      counts.follow(probes);
      probers.follow([...probes, ...(input ? wantedQuestions(input) : [])]);
    },
    changed: () => changed,
    status: () => ({ members: members.status(), failedProbers: probers.failed() }),
    probes: () => counts.counts(),
  };
}

/** A question to a member is about the member alone. */
function takeSample(members: Members, counts: ProbeCounts, probe: Probe, sample: PingSample): void {
  if (!probe.question) {
    counts.sample(probe, sample);
    members.sample(probe, sample);
  } else if (sample.ttl !== undefined) members.answer(probe, sample.ttl === drainedTtl);
}
