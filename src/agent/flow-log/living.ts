/** Flows that live now. */
import type { ByteStream } from '../../host/process/stream.ts';
import { messageReader } from '../../host/conntrack/netlink/messages.ts';
import { livingProgram } from '../../host/conntrack/netlink/programs.ts';
import {
  type TrackedFlow,
  errorMessage,
  lastMessage,
  trackedFlow,
} from '../../host/conntrack/tracked-flow.ts';

export interface LivingPorts {
  readonly start: (argv: readonly string[], onOutput: (chunk: Buffer) => void) => Promise<ByteStream>;
}

/**
 * Calls back with the flows that live now, some at a time.
 *
 * @throws when the kernel did not list all of them
 */
export async function readLiving(
  { start }: LivingPorts,
  onFlows: (flows: readonly TrackedFlow[]) => void,
  end?: AbortSignal,
): Promise<void> {
  const read = messageReader();
  let last: number | undefined;
  let failure: Error | undefined;
  const stream = await start(livingProgram(), (chunk) => {
    try {
      const messages = read(chunk);
      onFlows(messages.flatMap((message) => trackedFlow(message) ?? []));
      last ??= messages.find(({ type }) => type === lastMessage || type === errorMessage)?.type;
    } catch (error) {
      failure = error instanceof Error ? error : new Error(String(error));
    }
    // Otherwise it would wait for more.
    if (last !== undefined || failure !== undefined) stream.stop();
  });
  end?.addEventListener('abort', stream.stop, { once: true });
  if (end?.aborted) stream.stop();
  const why = await stream.ended;
  end?.removeEventListener('abort', stream.stop);
  if (failure) throw failure;
  if (last !== lastMessage) throw new Error(`conntrack does not list its flows: ${why}`);
}
