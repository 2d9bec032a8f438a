import { nobody } from '../../apply/prepare.ts';
import { type ChangeOptions, changeHost } from '../change-host.ts';
import { type GroundOptions, openGround } from '../session.ts';
import type { Terminal } from '../terminal.ts';

export async function destroy(terminal: Terminal, options: GroundOptions & ChangeOptions): Promise<void> {
  const ground = await openGround(terminal, options);
  await changeHost(terminal, {
    ground,
    target: { ...ground, ...nobody },
    options,
    verb: 'destroy',
    goOn: true,
    title: 'what mustredirect made here, to be taken away',
    done: 'done: nothing of mustredirect is left on this host',
  });
}
