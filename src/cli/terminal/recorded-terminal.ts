/** Terminal for tests that records its output; colours appear as `<red:text>`. */
import type { Work } from '../../host/progress.ts';
import { type Terminal, withLabel } from './terminal.ts';

export interface RecordedTerminal extends Terminal {
  readonly printed: string[];
  readonly told: string[];
  readonly reported: Work[];
  exitStatus: number | undefined;
}

export function recordedTerminal(): RecordedTerminal {
  const terminal: RecordedTerminal = {
    printed: [],
    told: [],
    reported: [],
    exitStatus: undefined,
    env: {},
    pid: 4711,
    user: 'alice',
    node: '/usr/bin/node',
    self: ['/usr/bin/node', '/opt/mustredirect/bin/start.js'],
    root: '/opt/mustredirect',
    folder: '/',
    interactive: false,
    print: (text) => void terminal.printed.push(text),
    tell: (text, label) => void terminal.told.push(withLabel(text, label, terminal.paintStderr)),
    confirm: () => Promise.resolve(false),
    progress: (work) => void terminal.reported.push(work),
    whenDone() {},
    endProgress() {},
    interrupt: new AbortController().signal,
    endOnInterrupt() {},
    watchInterrupts() {},
    setExitStatus(status) {
      terminal.exitStatus = status;
    },
    paint: (color, text) => `<${color}:${text}>`,
    paintStderr: (color, text) => `<${color}:${text}>`,
  };
  return terminal;
}
