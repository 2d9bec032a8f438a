/** Ports of a host for commands that send real packets. */
import type { LiveHost } from '../../verify/live-host.ts';
import { createBackground } from '../../host/process/background.ts';
import type { TracedContext } from './session.ts';
import type { Terminal } from '../terminal/terminal.ts';

export function liveHost(terminal: Terminal, { host, trace, progress }: TracedContext): LiveHost {
  return { ...host, background: createBackground(trace), node: terminal.node, progress };
}
