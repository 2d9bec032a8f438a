/** A temporary table that nft owns and reads our pipe for: the kernel removes it when either ends, also by SIGKILL. */
import { waitUntil } from '../process/background.ts';
import { startError } from '../process/exec.ts';
import type { MustredirectError } from '../../error.ts';
import type { Background, Exec, Running } from '../ports.ts';

export type OwnedTable =
  | { readonly kind: 'made'; readonly owner: Running }
  | { readonly kind: 'failed'; readonly stderr: string; readonly error: MustredirectError };

/** milliseconds: nft reads all tables of the host first */
const patience = 10_000;

/**
 * @param commands one line, with `flags owner` on the table; the last one adds a chain
 * @param chain that last chain: it shows that all commands have been carried out
 */
export async function makeOwnedTable(
  { exec, background }: { readonly exec: Exec; readonly background: Background },
  table: string,
  commands: string,
  chain: string,
): Promise<OwnedTable> {
  // HOME keeps nft from writing its command history to the home directory.
  const owner = await background.start(['env', 'HOME=/dev/null', 'nft', '-i']);
  owner.write(`${commands}\n`);
  const isThere = async (): Promise<boolean> =>
    (await exec.run(['nft', 'list', 'chain', 'inet', table, chain])).exitCode === 0;
  const failed = (): boolean => owner.ended() || owner.output().stderr !== '';
  const made = await waitUntil(async () => failed() || (await isThere()), patience).catch(
    async (error: unknown) => {
      await owner.stop();
      throw error;
    },
  );
  if (made && !failed()) return { kind: 'made', owner };
  const output = await owner.stop();
  // The commands are long, and nft repeats them: only the first line is kept.
  const [firstLine = ''] = output.stderr.split('\n');
  const error = startError(['nft', '-i'], { ...output, stderr: firstLine, stdout: '' });
  return { kind: 'failed', stderr: output.stderr, error };
}
