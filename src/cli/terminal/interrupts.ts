/** Ctrl-C, SIGTERM and SIGHUP. */
import { setMaxListeners } from 'node:events';

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
type Signal = (typeof signals)[number];

export interface Interrupts {
  /** aborted when such a signal arrives while `watch` is active, with its name as the reason */
  readonly signal: AbortSignal;
  /** from now on, a signal prints this text and ends the process */
  readonly end: (text: string) => void;
  /** from now on, a signal only aborts `signal`, and the work in progress ends in order */
  readonly watch: (text?: string) => void;
}

export function createInterrupts(process: NodeJS.Process, tell: (text: string) => void): Interrupts {
  const controller = new AbortController();
  // Each running program adds a listener.
  setMaxListeners(0, controller.signal);
  let stopListening = (): void => {};
  const listen = (onSignal: (signal: Signal) => void): void => {
    stopListening();
    const listeners = signals.map((signal) => [signal, () => onSignal(signal)] as const);
    for (const [signal, listener] of listeners) process.on(signal, listener);
    stopListening = () => {
      for (const [signal, listener] of listeners) process.off(signal, listener);
    };
  };
  return {
    signal: controller.signal,
    end(text) {
      listen((signal) => {
        tell(text);
        // Without a listener, the signal ends this process, and the caller sees which signal it was.
        stopListening();
        process.kill(process.pid, signal);
      });
    },
    watch(text) {
      listen((signal) => {
        if (text !== undefined) tell(text);
        controller.abort(signal);
      });
    },
  };
}
