/** Keeps one `ping` running for each probe that is wanted. */
import { type Monitor, type MonitorPorts, type MonitorState, startMonitor } from '../monitor.ts';
import type { Emit } from '../event/agent-event.ts';
import { type PingSample, createPingReader } from './ping-output.ts';
import type { Probe } from './wanted-probes.ts';

export interface Probers {
  /** Starts and stops programs, so that exactly these probes are sent. */
  follow(probes: readonly Probe[]): void;
  /** those that do not run, and why */
  failed(): readonly MonitorState[];
}

/** Each is a process of 2 MB. */
const probersAtMost = 200;

export function createProbers(
  ports: MonitorPorts,
  on: { readonly sample: (probe: Probe, sample: PingSample) => void; readonly emit: Emit },
  end: AbortSignal,
): Probers {
  const running = new Map<string, Prober>();
  let left: readonly Probe[] = [];
  return {
    follow(probes) {
      if (end.aborted) return;
      // Without a question, a node does not leave a member that is drained. A probe is one of several through its member.
      const ordered = [...probes.filter(isQuestion), ...probes.filter((probe) => !isQuestion(probe))];
      left = ordered.slice(probersAtMost);
      const wanted = new Map(ordered.slice(0, probersAtMost).map((probe) => [keyOf(probe), probe]));
      for (const [key, { stop }] of running) {
        if (wanted.has(key)) continue;
        stop();
        running.delete(key);
      }
      for (const [key, probe] of wanted)
        if (!running.has(key)) running.set(key, startProber(probe, ports, on, end));
    },
    failed: () => [
      ...[...running.values()].map(({ monitor }) => monitor.state()).filter((one) => !one.running),
      ...(left.length > 0 ? [tooMany(left)] : []),
    ],
  };
}

function isQuestion({ question }: Probe): boolean {
  return question === true;
}

function tooMany(left: readonly Probe[]): MonitorState {
  const questions = left.filter(isQuestion).length;
  const probes = left.length - questions;
  const error = `it sends ${probersAtMost} at most; fewer targets of \`check:\` make fewer probes`;
  const what = [
    ...(questions > 0
      ? [`questions to ${questions} more addresses of members, whether they are drained`]
      : []),
    ...(probes > 0 ? [`probes for ${probes} more pairs of member and target`] : []),
  ].join(', and ');
  return { what, command: 'ping', running: false, restarts: 0, error };
}

interface Prober {
  readonly monitor: Monitor;
  readonly stop: () => void;
}

function startProber(
  probe: Probe,
  ports: MonitorPorts,
  { sample, emit }: Parameters<typeof createProbers>[1],
  end: AbortSignal,
): Prober {
  const controller = new AbortController();
  const abort = (): void => controller.abort();
  end.addEventListener('abort', abort, { once: true });
  const { addresses, interval, argv, target } = probe;
  let reader = createPingReader(interval, target, addresses);
  const monitor = startMonitor(
    { what: whatOf(probe), argv },
    ports,
    {
      signal() {},
      output: (text) => reader.read(text, ports.now()).forEach((one) => sample(probe, one)),
      ended({ what: does, error = '', restarts }) {
        reader = createPingReader(interval, target, addresses);
        const { gateway, member, question } = probe;
        const about = question ? { member } : { gateway, member };
        emit({ kind: 'program', program: 'ping', does, error, restarts, ...about });
      },
    },
    controller.signal,
  );
  const stop = (): void => {
    end.removeEventListener('abort', abort);
    abort();
  };
  return { monitor, stop };
}

function whatOf({ gateway, member, target, question }: Probe): string {
  return question
    ? `questions to ${member} at ${target}, whether it is drained`
    : `probes of gateway ${gateway} through ${member} to ${target}`;
}

function keyOf({ gateway, family, member, argv }: Probe): string {
  return [gateway, family, member, ...argv].join(' ');
}
