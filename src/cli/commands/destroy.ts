import { nobody } from '../../apply/prepare.ts';
import { type ChangeOptions, changeHost } from '../change-host.ts';
import { openGround } from '../session.ts';
import type { Terminal } from '../terminal.ts';

export async function destroy(
  terminal: Terminal,
  options: ChangeOptions & { verbose?: true | undefined },
): Promise<void> {
  const ground = await openGround(terminal, options);
  await changeHost(terminal, ground, { ...ground, ...nobody }, options, {
    verb: 'destroy',
    title: 'what mustredirect made here, to be taken away',
    done: 'done: nothing of mustredirect is left on this host',
  });
}
