/** Ctrl-C, and the other ways to ask a program to end. */
import { setMaxListeners } from 'node:events';

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
type Signal = (typeof signals)[number];

export interface Interrupts {
  /** aborted once the user has asked us to stop while that was watched */
  readonly signal: AbortSignal;
  /** from now on such a signal ends us at once, as it always does, but first we tell what that means */
  readonly end: (text: string) => void;
  /** from now on it is only noted, whoever works ends in order */
  readonly watch: (text?: string) => void;
}

export function createInterrupts(process: NodeJS.Process, tell: (text: string) => void): Interrupts {
  const controller = new AbortController();
  // One for each program that is running.
  setMaxListeners(0, controller.signal);
  let forget = (): void => {};
  const listen = (heard: (signal: Signal) => void): void => {
    forget();
    const listeners = signals.map((signal) => [signal, () => heard(signal)] as const);
    for (const [signal, listener] of listeners) process.on(signal, listener);
    forget = () => {
      for (const [signal, listener] of listeners) process.off(signal, listener);
    };
  };
  return {
    signal: controller.signal,
    end(text) {
      listen((signal) => {
        tell(text);
        forget(); // Without a listener it does what it does by itself, and who called us sees that.
        process.kill(process.pid, signal);
      });
    },
    watch(text) {
      listen(() => {
        if (text !== undefined) tell(text);
        controller.abort();
      });
    },
  };
}
