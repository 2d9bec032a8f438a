/** Hears of every flow that ends, and counts what the kernel could not deliver. */
import type { ByteStream } from '../../host/process/stream.ts';
import { messageReader } from '../../host/conntrack/netlink/messages.ts';
import { endsProgram } from '../../host/conntrack/netlink/programs.ts';
import { type TrackedFlow, trackedFlow } from '../../host/conntrack/tracked-flow.ts';
import { type Monitor, type MonitorState, startMonitor } from '../monitor.ts';

export interface ListenerPorts {
  /** milliseconds, monotonic */
  readonly now: () => number;
  /** returns early when the signal is aborted */
  readonly sleep: (milliseconds: number, signal: AbortSignal) => Promise<void>;
  readonly start: (argv: readonly string[], onOutput: (chunk: Buffer) => void) => Promise<ByteStream>;
  /** events that a process has lost; undefined while it does not listen */
  readonly lostEvents: (pid: number) => Promise<number | undefined>;
}

export interface ListenerEvents {
  readonly flows: (flows: readonly TrackedFlow[]) => void;
  /** from now on, it hears of every end */
  readonly listening: () => void;
  /** @param ago milliseconds: the events were lost within that time */
  readonly lost: (events: number, ago: number) => void;
  readonly ended: (state: MonitorState) => void;
}

export interface Listener {
  state(): MonitorState;
}

const listenedTo = 'ends of flows';

/** milliseconds between two looks at what was lost */
const countEvery = 1000;
/** milliseconds until the program listens, and tries of it */
const [startPause, startTries] = [20, 250];

export function startListener(ports: ListenerPorts, on: ListenerEvents, end: AbortSignal): Listener {
  const start = async (argv: readonly string[]): Promise<ByteStream> => {
    const read = messageReader();
    const started = await ports.start(argv, (chunk) => {
      try {
        on.flows(read(chunk).flatMap((message) => trackedFlow(message) ?? []));
      } catch {
        // Bytes that are no messages: it is started again.
        started.stop();
      }
    });
    void watchLosses(started, ports, on, end);
    return started;
  };
  const monitor: Monitor = startMonitor(
    { what: listenedTo, argv: endsProgram() },
    { ...ports, start },
    { signal() {}, ended: on.ended },
    end,
  );
  return { state: () => monitor.state() };
}

/** Until the program has ended. What it loses in its last second is not known. */
async function watchLosses(
  { pid, ended }: ByteStream,
  { lostEvents, now, sleep }: ListenerPorts,
  on: Pick<ListenerEvents, 'listening' | 'lost'>,
  end: AbortSignal,
): Promise<void> {
  const controller = new AbortController();
  const until = AbortSignal.any([controller.signal, end]);
  void ended.then(() => controller.abort());
  // The kernel's number is a total: what one look misses, the next one has.
  const countLost = (): Promise<number | undefined> => lostEvents(pid).catch(() => undefined);
  let known: number | undefined;
  for (let tries = 0; tries < startTries && known === undefined && !until.aborted; tries += 1) {
    known = await countLost();
    if (known === undefined) await sleep(startPause, until);
  }
  if (until.aborted) return;
  on.listening();
  let counted = now();
  while (!until.aborted) {
    const count = await countLost();
    if (count !== undefined && count > (known ?? 0)) {
      on.lost(count - (known ?? 0), now() - counted);
      known = count;
    }
    counted = now();
    await sleep(countEvery, until);
  }
}
