/** Files of a log as pieces of text. */
import { createReadStream } from 'node:fs';
import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { isPacked } from './names.ts';

/** Text of a part, unpacked. */
export function streamOf(path: string): Readable {
  const file = createReadStream(path);
  if (!isPacked(path)) return file;
  const unpacked = createGunzip();
  file.once('error', (error) => unpacked.destroy(error));
  unpacked.once('close', () => file.destroy());
  return file.pipe(unpacked);
}

/** Pieces of whole lines. Half a line at the end, which is being written or was cut off, is left out. */
export async function* linesOf(stream: Readable): AsyncGenerator<string> {
  let rest = '';
  stream.setEncoding('utf8');
  for await (const piece of stream as AsyncIterable<string>) {
    const text = rest + piece;
    const end = text.lastIndexOf('\n') + 1;
    rest = text.slice(end);
    if (end > 0) yield text.slice(0, end);
  }
}
