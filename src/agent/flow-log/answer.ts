/** What flow logs, and the flows that live, say to a question. */
import type { TrackedFlow } from '../../host/conntrack/tracked-flow.ts';
import { readLog } from '../../host/rotated-log/reader.ts';
import { type Gap, uncoveredTimes } from './coverage.ts';
import { folderOfLog } from './gateway-log.ts';
import { type ClockLine, type FlowLine, flowLine, isoTime, lineOfText } from './line.ts';
import type { ownerFinder } from './owners.ts';
import { type Question, blurs, concerns, isAskedFor, livedIn, mayAnswer } from './question.ts';

export interface FoundFlow extends FlowLine {
  readonly gateway: string;
  /** it lives now; absent: it has ended, or, without an end, its end is in no log */
  readonly lives?: true;
}

export interface Answer {
  /** in the order in which they began */
  readonly flows: readonly FoundFlow[];
  /** there are more, which are left out */
  readonly more?: true;
  /** times in which flows may be missing */
  readonly gaps: readonly (Gap & { readonly gateway: string })[];
  /** steps of the clock near the time that was asked for */
  readonly clock: readonly (ClockLine & { readonly gateway: string })[];
  /** what could not be read */
  readonly problems: readonly string[];
}

export interface AnswerPorts {
  /** folder of all flow logs of this network namespace */
  readonly folder: string;
  /** names of gateways with a log */
  readonly gateways: readonly string[];
  /** milliseconds since 1970 */
  readonly now: number;
  /** why flows of a gateway are not logged now; undefined: they are */
  readonly unlogged: (gateway: string) => string | undefined;
  readonly ownersOf: ReturnType<typeof ownerFinder>;
  /** calls back with the flows that live now */
  readonly readLiving: (onFlows: (flows: readonly TrackedFlow[]) => void) => Promise<void>;
}

/** flows, in memory and in an answer */
export const flowsAtMost = 10_000;

export async function answerQuestion(ports: AnswerPorts, question: Question): Promise<Answer> {
  const { gateways, now, ownersOf, readLiving } = ports;
  const collected = createCollection(question, now);
  // A flow that ends meanwhile would be in neither if the logs were read first.
  await readLiving((flows) => {
    for (const flow of flows)
      for (const owner of ownersOf(flow))
        if (gateways.includes(owner.gateway)) collected.add(owner.gateway, flowLine(owner, flow), true);
  }).catch((error: unknown) =>
    collected.problem(
      `flows that live are not in the answer: ${error instanceof Error ? error.message : String(error)}`,
    ),
  );
  for (const gateway of gateways)
    await collectLog(ports, question, gateway, collected).catch((error: unknown) =>
      collected.problem(
        `gateway ${gateway}: the log cannot be read: ${error instanceof Error ? error.message : String(error)}`,
      ),
    );
  return collected.answer();
}

async function collectLog(
  { folder, now, unlogged }: AnswerPorts,
  question: Question,
  gateway: string,
  collected: ReturnType<typeof createCollection>,
): Promise<void> {
  const log = folderOfLog(folder, gateway);
  await readLog(log, {
    from: question.from,
    mayHave: mayAnswer(question),
    onLine: (text) => collected.line(gateway, text),
    onDamage: collected.problem,
  });
  for (const time of await uncoveredTimes(log, now, unlogged(gateway))) collected.uncovered(gateway, time);
}

function createCollection(question: Question, now: number) {
  const flows = createFlows(question, now);
  const gaps = new Map<string, Answer['gaps'][number]>();
  const clock = new Map<string, Answer['clock'][number]>();
  const problems: string[] = [];
  return {
    add: (gateway: string, flow: FlowLine, lives: boolean): void => flows.add(gateway, flow, lives),
    line(gateway: string, text: string): void {
      const line = lineOfText(text);
      if (line?.kind === 'flow') flows.add(gateway, line, false);
      if (line?.kind === 'gap' && concerns(line, question))
        gaps.set(`${gateway} ${text}`, { gateway, ...line });
      if (line?.kind === 'clock' && blurs(line, question))
        clock.set(`${gateway} ${text}`, { gateway, ...line });
    },
    uncovered(gateway: string, time: Gap): void {
      if (concerns(time, question)) gaps.set(`${gateway} ${JSON.stringify(time)}`, { gateway, ...time });
    },
    problem: (text: string): void => void problems.push(text),
    answer: (): Answer => ({
      ...flows.all(),
      gaps: [...gaps.values()],
      clock: [...clock.values()],
      problems,
    }),
  };
}

/** One flow may have a line from the time when it lived, and one from its end, in any order. */
function createFlows(question: Question, now: number) {
  /** Flows that begin while this one is read are not of a clock that was set back. */
  const atLeastUntil = isoTime(now + 60_000);
  const flows = new Map<string, FoundFlow>();
  /** flows that ended before the time that is asked for */
  const over = new Set<string>();
  let more = false;
  const keep = (key: string, flow: FoundFlow): void => {
    if (!flows.has(key) && flows.size >= flowsAtMost) more = true;
    else flows.set(key, flow);
  };
  const leaveOut = (key: string): void => {
    flows.delete(key);
    // The two lines are near each other.
    if (over.size >= flowsAtMost) over.clear();
    over.add(key);
  };
  return {
    add(gateway: string, flow: FlowLine, lives: boolean): void {
      if (!isAskedFor(flow, question)) return;
      const key = `${gateway} ${flow.id} ${flow.begin ?? ''}`;
      const isLast = flow.end !== undefined;
      if (!livedIn(lives ? { ...flow, end: atLeastUntil } : flow, question))
        return isLast ? leaveOut(key) : undefined;
      if (!isLast && (flows.has(key) || over.has(key))) return;
      keep(key, { gateway, ...flow, ...(lives ? { lives } : {}) });
    },
    all: (): Pick<Answer, 'flows' | 'more'> => ({
      flows: [...flows.values()].sort((a, b) => (a.begin ?? '').localeCompare(b.begin ?? '')),
      ...(more ? { more } : {}),
    }),
  };
}
