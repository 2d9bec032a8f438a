/** Sends a body as fast as its client reads it, so that a slow client holds no copy of it. */
import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';

/** bytes that are handed over at once */
const pieceSize = 64 * 1024;
/** milliseconds for the whole body: a client that takes longer is dropped */
const sendTimeout = 30_000;

export async function sendBody(
  response: ServerResponse,
  status: number,
  headers: OutgoingHttpHeaders,
  body: string | Buffer,
): Promise<void> {
  const bytes = typeof body === 'string' ? Buffer.from(body) : body;
  response.writeHead(status, { ...headers, 'content-length': bytes.length });
  const timer = setTimeout(() => response.destroy(), sendTimeout).unref();
  for (let from = 0; from < bytes.length && !response.destroyed; from += pieceSize) {
    // A view, and no copy: many clients may read one text.
    if (!response.write(bytes.subarray(from, from + pieceSize))) await drained(response);
  }
  clearTimeout(timer);
  response.end();
}

/** Resolves when the client has read, or has gone. */
function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      response.off('drain', done).off('close', done);
      resolve();
    };
    response.on('drain', done).on('close', done);
  });
}
