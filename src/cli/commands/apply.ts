import { type ChangeOptions, changeHost } from '../change-host.ts';
import { type HostOptions, openSession } from '../session.ts';
import type { Terminal } from '../terminal.ts';

export async function apply(terminal: Terminal, options: HostOptions & ChangeOptions): Promise<void> {
  const session = await openSession(terminal, options);
  const { host } = session.target.role;
  await changeHost(terminal, {
    ground: session,
    target: session.target,
    options,
    verb: 'apply',
    title: `plan for ${host}`,
    done: `done: ${host} is as the file says`,
  });
}
