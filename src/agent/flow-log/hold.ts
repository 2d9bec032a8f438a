/** Leaves flows in the kernel while too many wait to be written. */
import type { ByteStream } from '../../host/process/stream.ts';
import type { LivingPorts } from './living.ts';

/** characters that wait to be written, at which flows wait in the kernel, and at which they are taken again */
const [mostPending, fewPending] = [8 * 1024 * 1024, 1024 * 1024];

export interface Hold {
  /** Starts a program whose output is not read meanwhile. */
  readonly start: LivingPorts['start'];
  /** Looks again at how much waits. */
  readonly look: () => void;
  /** Reads nothing until it has been done. */
  during(change: () => Promise<void>): Promise<void>;
}

/** @param pending characters of the log with most of them */
export function createHold({ start }: LivingPorts, pending: () => number): Hold {
  const streams = new Set<ByteStream>();
  let changes = 0;
  let isFull = false;
  let held = false;
  const look = (): void => {
    const waiting = pending();
    isFull = isFull ? waiting >= fewPending : waiting > mostPending;
    const next = isFull || changes > 0;
    if (next === held) return;
    held = next;
    for (const stream of streams) stream.hold(held);
  };
  return {
    look,
    async start(argv, onOutput) {
      const stream = await start(argv, (chunk) => {
        onOutput(chunk);
        look();
      });
      streams.add(stream);
      void stream.ended.then(() => streams.delete(stream));
      if (held) stream.hold(true);
      return stream;
    },
    async during(change) {
      changes += 1;
      look();
      try {
        await change();
      } finally {
        changes -= 1;
        look();
      }
    },
  };
}
