/** Findings of `doctor`: problems on this host, each with its remedy. */
import { MustredirectError } from '../error.ts';
import type { Exec } from '../host/ports.ts';
import type { Prepared } from '../inspect/prepare.ts';
import { notReadyText } from '../plan/not-ready.ts';
import { type TrafficStatus, hostStatus } from './status.ts';

export interface Finding {
  /** problem, with the object */
  readonly problem: string;
  /** what to do: one sentence with the command */
  readonly remedy: string;
}

/** Programs that a run needs at some point, with arguments that change nothing. */
const neededPrograms = [
  ['conntrack', '--version'],
  ['flock', '--version'],
] as const;

/** Empty when nothing is wrong. */
export function diagnose(prepared: Prepared): Finding[] {
  const { networks, gateways, differences, waiting } = hostStatus(prepared);
  const traffic = [...networks, ...gateways.flatMap(({ served }) => served)];
  return [
    ...[...prepared.desired.refusals, ...prepared.plan.warnings.filter(({ intended }) => !intended)].map(
      ({ message, hint }) => ({
        problem: message,
        remedy: hint,
      }),
    ),
    ...prepared.desired.notReady.map((one) => ({ problem: notReadyText(one), remedy: one.hint })),
    ...drift(differences),
    ...waiting.map((problem) => ({ problem, remedy: 'run `mustredirect apply` again after that' })),
    ...traffic.filter(({ dropped }) => dropped > 0).map(droppedPackets),
    ...traffic.flatMap(spoofedPackets),
  ];
}

/** Missing programs, found before a run needs them. */
export async function missingPrograms(exec: Exec): Promise<Finding[]> {
  const found = await Promise.all(
    neededPrograms.map((argv) =>
      exec.run(argv).then(
        () => [],
        (error: unknown) => {
          if (!(error instanceof MustredirectError)) throw error;
          return [{ problem: error.message, remedy: error.hint ?? `install ${argv[0]}` }];
        },
      ),
    ),
  );
  return found.flat();
}

function drift(differences: readonly string[]): Finding[] {
  const [first] = differences;
  if (first === undefined) return [];
  const more = differences.length > 1 ? `, and ${differences.length - 1} more` : '';
  return [
    {
      problem: `this host is not as the file says: ${first}${more}`,
      remedy: '`mustredirect plan` shows all differences, `mustredirect apply` corrects them',
    },
  ];
}

function spoofedPackets({ network, spoofed = 0 }: TrafficStatus): Finding[] {
  if (spoofed === 0) return [];
  return [
    {
      problem: `network ${network}: ${spoofed} packets of its containers had a source address that is not the network's, and were dropped`,
      remedy:
        'look for the container: `tcpdump -ni BRIDGE` shows its link-layer address; a container in two networks may answer by the wrong one',
    },
  ];
}

function droppedPackets({ network, subnets, dropped }: TrafficStatus): Finding {
  return {
    problem: `network ${network}: ${dropped} packets of ${subnets.join(', ')} were dropped, because they would have left past the gateway`,
    remedy: '`mustredirect verify` shows which way they would go; the count restarts with the table',
  };
}
