/** Keeps the flow logs that the file asks for, with the programs and files of this host. */
import type { HostContext } from '../../apply/run/host-context.ts';
import { lossCounter } from '../../host/conntrack/lost-events.ts';
import { startByteStream } from '../../host/process/stream.ts';
import type { Emit } from '../event/agent-event.ts';
import type { Found } from '../look.ts';
import { pause } from '../pause.ts';
import type { AgentStatus } from '../socket.ts';
import { createRecorder } from './recorder.ts';

export interface FlowLogsFollowed {
  readonly context: Pick<HostContext, 'host' | 'places'>;
  readonly emit: Emit;
  readonly end: AbortSignal;
}

export interface FlowLogs {
  /** Takes over what a read has found; undefined: nothing is applied. */
  follow(found: Found | undefined): void;
  status(): Pick<AgentStatus, 'flowLogs'>;
  /** Resolves when all is written, after the end. */
  readonly closed: () => Promise<void>;
}

export function followFlowLogs({ context: { host, places }, emit, end }: FlowLogsFollowed): FlowLogs {
  const recorder = createRecorder(
    {
      now: () => performance.now(),
      clock: () => Date.now(),
      sleep: pause,
      start: startByteStream,
      lostEvents: lossCounter(host.files),
      folder: places.flowLogs,
      emit,
    },
    end,
  );
  return {
    follow: (found) => recorder.follow(found?.target.role.gateways ?? []),
    status: () => ({ flowLogs: recorder.status() }),
    closed: () => recorder.closed(),
  };
}
