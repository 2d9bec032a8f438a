/** The text of all metrics, made at most once a second, and in pieces: the agent's loop comes in between. */
import { setImmediate as others } from 'node:timers/promises';
import { metricFamilies } from './metrics/families.ts';
import { textOf } from './metrics/metric.ts';
import type { MetricsInput } from './snapshot.ts';

/** milliseconds for which a text is given again: however many ask, one is made */
const keptFor = 1000;
/** milliseconds without a pause */
const longestPiece = 5;

export interface MetricsTextPorts {
  /** milliseconds, monotonic */
  readonly now: () => number;
  readonly input: () => Promise<MetricsInput>;
}

export function createMetricsText({ now, input }: MetricsTextPorts): () => Promise<Buffer> {
  let last: { readonly text: Promise<Buffer>; readonly until: number } | undefined;
  const make = async (): Promise<Buffer> => {
    const pieces: Buffer[] = [];
    let begin = now();
    for (const piece of textOf(metricFamilies(await input()))) {
      pieces.push(Buffer.from(piece));
      if (now() - begin < longestPiece) continue;
      await others();
      begin = now();
    }
    return Buffer.concat(pieces);
  };
  const keep = async (text: Promise<Buffer>): Promise<void> => {
    // While it is made, nobody begins another one.
    last = { text, until: Infinity };
    const isMade = await text.then(
      () => true,
      () => false,
    );
    last = isMade ? { text, until: now() + keptFor } : undefined;
  };
  return () => {
    if (last && now() < last.until) return last.text;
    const text = make();
    void keep(text);
    return text;
  };
}
