/** Answers of the API: `/status`, `/networks`, `/healthz`, `/metrics` and `/events`. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Access } from './access.ts';
import type { EventStreams } from './event-streams.ts';
import { sendBody } from './send-body.ts';
import type { RefusalReason } from './snapshot.ts';

export interface ApiContent {
  /** JSON */
  readonly status: () => unknown;
  /** JSON */
  readonly networks: () => unknown;
  /** why the host is not as the file says; empty: it is */
  readonly reasons: () => readonly string[];
  /** text format of Prometheus */
  readonly metrics: () => Promise<Buffer>;
  readonly events: EventStreams;
  /** called for each request that is refused */
  readonly refused: (reason: RefusalReason) => void;
}

const json = 'application/json';
const text = 'text/plain; charset=utf-8';
const eventStream = 'text/event-stream';
/** version 0.0.4 is the text format that every Prometheus reads */
const prometheus = 'text/plain; version=0.0.4; charset=utf-8';

/** Answers a request. A client that goes away, or does not read, concerns nobody else. */
export async function answer(
  content: ApiContent,
  access: Access | undefined,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const refusal = refusalOf(request, access?.(request));
  if (refusal) return refuse(content, response, refusal);
  const { method, url = '' } = request;
  const send = (status: number, type: string, body: string | Buffer): Promise<void> =>
    sendBody(response, status, { 'content-type': type, 'cache-control': 'no-store' }, body);
  const [path = ''] = url.split('?');
  switch (path) {
    case '/status':
      return send(200, json, `${JSON.stringify(content.status())}\n`);
    case '/networks':
      return send(200, json, `${JSON.stringify(content.networks())}\n`);
    case '/healthz': {
      const reasons = content.reasons();
      return send(reasons.length === 0 ? 200 : 503, text, `${reasons.join('\n') || 'as the file says'}\n`);
    }
    case '/metrics':
      return send(200, prometheus, await content.metrics());
    case '/events':
      if (method === 'HEAD') return send(200, eventStream, '');
      return content.events.open(response, lastIdOf(request))
        ? undefined
        : refuse(content, response, tooManyClients);
    default:
      return send(404, text, 'there are /status, /networks, /healthz, /metrics and /events\n');
  }
}

interface Refusal {
  readonly status: number;
  readonly why: string;
  readonly reason: RefusalReason;
  readonly headers?: Readonly<Record<string, string>>;
}

const tooManyClients: Refusal = {
  status: 503,
  why: 'too many clients of /events',
  reason: 'clients',
  headers: { 'retry-after': '10' },
};

function refusalOf(request: IncomingMessage, denied: ReturnType<Access>): Refusal | undefined {
  if (denied === 401) {
    const headers = { 'www-authenticate': 'Bearer realm="mustredirect"' };
    return { status: 401, why: 'wrong or missing token', reason: 'token', headers };
  }
  if (denied === 403)
    return { status: 403, why: 'without a token, ask by address or as localhost', reason: 'token' };
  if (request.method !== 'GET' && request.method !== 'HEAD')
    return { status: 405, why: 'only GET and HEAD', reason: 'request', headers: { allow: 'GET, HEAD' } };
  return hasBody(request) ? { status: 413, why: 'a request has no body', reason: 'request' } : undefined;
}

function refuse(
  content: ApiContent,
  response: ServerResponse,
  { status, why, reason, headers }: Refusal,
): Promise<void> {
  content.refused(reason);
  return sendBody(response, status, { 'content-type': text, connection: 'close', ...headers }, `${why}\n`);
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}

function lastIdOf({ headers }: IncomingMessage): number | undefined {
  const id = Number(headers['last-event-id'] ?? NaN);
  return Number.isSafeInteger(id) ? id : undefined;
}
