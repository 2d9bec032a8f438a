/** Names of labs: at any time, at most one lab has a name. */
import { createServer } from 'node:net';
import { MustredirectError } from '../error.ts';
import type { Files } from '../host/ports.ts';
import { findHolders } from './holder.ts';

export function checkName(name: string): void {
  if (/^[a-z0-9][a-z0-9-]{0,39}$/.test(name)) return;
  throw new MustredirectError('usage', `lab name ${JSON.stringify(name)}: not a name`, {
    hint: 'take lower-case letters, digits and dashes, 40 at most',
  });
}

/** Claims the name against other labs, including those under construction, until the returned function is called. */
export async function claimName(files: Files, name: string): Promise<() => void> {
  checkName(name);
  const release = await holdName(name);
  if ((await findHolders(files, name)).length === 0) return release;
  release();
  throw new MustredirectError('busy', `lab ${name}: it is up already`, {
    hint: `use it, take it down (mustredirect lab down --name ${name}), or choose another --name`,
  });
}

/** Listens on an abstract socket: only one process can have it, and it disappears with the process. */
async function holdName(name: string): Promise<() => void> {
  const server = createServer();
  return new Promise((resolve, reject) => {
    server.once('error', (cause) => {
      reject(new MustredirectError('busy', `lab ${name}: somebody is building it right now`, { cause }));
    });
    server.listen(`\0mustredirect-lab.${name}`, () => resolve(() => server.close()));
  });
}
