/** Sends the datagrams and SYNs of probes from inside a network namespace, and tells what came back. */
import * as z from 'zod';
import { MustredirectError } from '../../error.ts';
import { commandError } from '../../host/process/exec.ts';
import type { Exec } from '../../host/ports.ts';
import type { Probe } from './probe.ts';
import { programText } from './sender-program.ts';

const answerSchema = z.object({
  localPort: z.number(),
  protocol: z.enum(['udp', 'tcp']),
  /** false when it never left its socket */
  sent: z.boolean(),
  /** the name of an errno, or empty after success */
  code: z.string(),
  milliseconds: z.number(),
});
export type SocketAnswer = z.infer<typeof answerSchema>;

/**
 * @param exec runs programs inside
 * @param patience milliseconds to wait for answers; it ends sooner when all have come
 */
export async function sendProbes(
  exec: Exec,
  node: string,
  probes: readonly Probe[],
  patience: number,
): Promise<SocketAnswer[]> {
  // The program comes by stdin: what -v shows, and what an error names, stays short.
  const argv = [node, '--input-type=commonjs', '-'];
  const input = programText({ probes, patience });
  const output = await exec.run(argv, { input, timeout: patience + 5000 });
  if (output.exitCode !== 0) throw commandError(argv, output);
  const answers = z.array(answerSchema).parse(JSON.parse(output.stdout));
  const unsent = answers.find(({ sent }) => !sent);
  if (unsent) {
    const what = `${unsent.protocol} from port ${unsent.localPort}: ${unsent.code}`;
    throw new MustredirectError('failed', `the probe could not be sent: ${what}`, {
      hint: unsent.code === 'EADDRINUSE' ? 'the port was chosen at random: try again' : undefined,
    });
  }
  return answers;
}

/** Whether this came from the target itself: a refusal is an answer too. */
export function isFromTarget({ sent, code }: SocketAnswer): boolean {
  return sent && ['', 'ECONNREFUSED', 'ECONNRESET'].includes(code);
}
