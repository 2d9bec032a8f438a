/** Follows the members of a host's gateways: probes them, leaves verdicts for runs, and changes routes to those in use. */
import type { Caller } from '../../apply/run/caller.ts';
import { type Known, changeRoutes } from '../../apply/run/change-routes.ts';
import type { HostContext } from '../../apply/run/host-context.ts';
import { drainedTtl } from '../../desired/nft/drained.ts';
import type { Verdicts } from '../../health/verdict.ts';
import { writeVerdicts } from '../../host/files/verdict-store.ts';
import { startStream } from '../../host/process/stream.ts';
import type { Emit } from '../event/agent-event.ts';
import type { ChoiceEvent } from './member-events.ts';
import { messageOf } from '../../apply/undo.ts';
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
  readonly emit: Emit;
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

export function followMembers({
  id,
  context,
  caller,
  onRoutesChanged,
  emit,
  end,
}: MembersFollowed): Followed {
  const now = (): number => performance.now();
  const routes = createRoutes({ context, caller, onRoutesChanged, emit });
  const later = (milliseconds: number, work: () => void): void =>
    void pause(milliseconds, end).then(() => end.aborted || work());
  const members = createMembers({
    id,
    now,
    publish: (...verdict) => routes.publish(...verdict),
    later,
    emit,
  });
  const counts = createProbeCounts();
  const sample = (probe: Probe, one: PingSample): void => takeSample(members, counts, probe, one);
  const probers = createProbers({ now, sleep: pause, start: startStream }, { sample, emit }, end);
  return {
    follow(found) {
      routes.follow(found);
      const role = found?.target.role ?? { networks: [] };
      members.follow(role, found?.facts ?? noFacts, found?.drained ?? []);
      const input = found && { ...found, role: found.target.role };
      const probes = input ? wantedProbes(input) : [];
      counts.follow(probes);
      probers.follow([...probes, ...(input ? wantedQuestions(input) : [])]);
    },
    changed: routes.changed,
    status: () => ({ members: members.status(), failedProbers: probers.failed() }),
    probes: () => counts.counts(),
  };
}

/** Makes the routes those of each verdict, one after the other. */
function createRoutes({
  context,
  caller,
  onRoutesChanged,
  emit,
}: Pick<MembersFollowed, 'context' | 'caller' | 'onRoutesChanged' | 'emit'>) {
  let known: Known | undefined;
  let changed = Promise.resolve();
  /** Returns false when the read that follows finds what differs, and its repair changes the routes. */
  const use = async (verdicts: Verdicts): Promise<boolean> => {
    await writeVerdicts(context.host.files, context.places.verdicts, verdicts);
    const after = known && (await changeRoutes(caller, context, known, verdicts));
    known = after ?? known;
    return after !== undefined;
  };
  return {
    follow: (found: Known | undefined): void => void (known = found),
    changed: () => changed,
    publish(verdicts: Verdicts, changes: readonly ChoiceEvent[]): void {
      const begin = performance.now();
      const tell = (isDone: boolean): void => {
        const took = Math.round(performance.now() - begin);
        changes.forEach((change) => emit({ ...change, ...(isDone ? { took } : {}) }));
      };
      const failed = (error: unknown): void => {
        changes.forEach(emit);
        emit({ kind: 'routes', error: messageOf(error) });
      };
      changed = changed
        .then(() => use(verdicts))
        .then(tell, failed)
        .then(onRoutesChanged);
    },
  };
}

/** A question to a member is about the member alone. */
function takeSample(members: Members, counts: ProbeCounts, probe: Probe, sample: PingSample): void {
  if (!probe.question) {
    counts.sample(probe, sample);
    members.sample(probe, sample);
  } else if (sample.ttl !== undefined) members.answer(probe, sample.ttl === drainedTtl);
}
