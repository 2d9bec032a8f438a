/** Sends the UDP datagrams and SYNs of probes from inside a network namespace, and reports the replies. */
import * as z from 'zod';
import { MustredirectError } from '../../error.ts';
import { commandError } from '../../host/process/exec.ts';
import type { Exec } from '../../host/ports.ts';
import type { Probe } from './probe.ts';
import { programText } from './sender-program.ts';

const replySchema = z.object({
  localPort: z.number(),
  protocol: z.enum(['udp', 'tcp']),
  /** false when the packet never left its socket */
  sent: z.boolean(),
  /** errno name, or empty on success */
  code: z.string(),
  milliseconds: z.number(),
});
export type SocketReply = z.infer<typeof replySchema>;

/**
 * @param exec runs programs inside the namespace
 * @param replyTimeout milliseconds to wait for replies; ends early when all have come
 */
export async function sendProbes(
  exec: Exec,
  node: string,
  probes: readonly Probe[],
  replyTimeout: number,
): Promise<SocketReply[]> {
  // Passing the program by stdin keeps the command short in -v output and in errors.
  const argv = [node, '--input-type=commonjs', '-'];
  const input = programText({ probes, replyTimeout });
  const output = await exec.run(argv, { input, timeout: replyTimeout + 5000 });
  if (output.exitCode !== 0) throw commandError(argv, output);
  const replies = z.array(replySchema).parse(JSON.parse(output.stdout));
  const unsent = replies.find(({ sent }) => !sent);
  if (unsent) {
    const what = `${unsent.protocol} from port ${unsent.localPort}: ${unsent.code}`;
    throw new MustredirectError('failed', `the probe could not be sent: ${what}`, {
      hint: unsent.code === 'EADDRINUSE' ? 'the port was chosen at random: try again' : undefined,
    });
  }
  return replies;
}

/** Whether the target itself replied: a refusal counts. */
export function isFromTarget({ sent, code }: SocketReply): boolean {
  return sent && ['', 'ECONNREFUSED', 'ECONNRESET'].includes(code);
}
