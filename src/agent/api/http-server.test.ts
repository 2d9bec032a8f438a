/** The server on a unix socket, with clients that behave badly. */
import { once } from 'node:events';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { type IncomingMessage, request as sendRequest } from 'node:http';
import { type AddressInfo, type Socket, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { recordOf } from '../event/record.ts';
import { createEventStreams } from './event-streams.ts';
import { serveAddress, serveSocket } from './http-server.ts';
import type { ApiContent } from './routes.ts';
import type { RefusalReason } from './snapshot.ts';

let folder: string;
let path: string;
let end: AbortController;
let reasons: string[];
let refused: RefusalReason[];
let events: ApiContent['events'];
let content: ApiContent;
const metrics = Buffer.alloc(5_000_000, 'a_metric 1\n');

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'api-'));
  path = join(folder, 'agent');
  end = new AbortController();
  [reasons, refused] = [[], []];
  const state = () => ({ kind: 'state', healthy: true, reasons: [] }) as const;
  events = createEventStreams({ time: () => '2026-11-30T12:00:00.000Z', state, every() {} });
  content = {
    status: () => ({ host: 'node1' }),
    networks: () => ({ networks: [] }),
    reasons: () => reasons,
    metrics: () => Promise.resolve(metrics),
    events,
    refused: (reason) => refused.push(reason),
  };
  await serveSocket(path, content, end.signal);
});
afterEach(async () => {
  end.abort();
  await rm(folder, { recursive: true });
});

async function ask(
  url: string,
  method = 'GET',
  headers: Record<string, string> = {},
): Promise<{ status: number | undefined; body: string; headers: IncomingMessage['headers'] }> {
  const sent = sendRequest({ socketPath: path, path: url, method, headers, agent: false });
  sent.end();
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  const pieces: Buffer[] = [];
  for await (const piece of response) pieces.push(piece as Buffer);
  return { status: response.statusCode, body: Buffer.concat(pieces).toString(), headers: response.headers };
}

/** A client that writes some bytes, and reads nothing unless it is told to. */
async function open(text: string): Promise<Socket> {
  const socket = connect(path).pause();
  socket.on('error', () => {});
  await once(socket, 'connect');
  socket.write(text);
  return socket;
}

async function heard(socket: Socket): Promise<string> {
  let text = '';
  socket.on('data', (piece: Buffer) => (text += piece.toString()));
  socket.resume();
  await once(socket, 'close');
  return text;
}

describe('answers', () => {
  it('is for root only', async () => {
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  });

  it.each([
    ['/status', 'application/json', '{"host":"node1"}\n'],
    ['/networks?a=b', 'application/json', '{"networks":[]}\n'],
    ['/healthz', 'text/plain; charset=utf-8', 'as the file says\n'],
  ])('%s', async (url, type, body) => {
    const found = await ask(url);
    expect([found.status, found.headers['content-type'], found.body]).toEqual([200, type, body]);
  });

  it('gives the reasons when the host is not as the file says', async () => {
    reasons = ['one', 'two'];
    expect(await ask('/healthz')).toMatchObject({ status: 503, body: 'one\ntwo\n' });
  });

  it('gives a large text whole, and only its length to HEAD', async () => {
    expect((await ask('/metrics')).body.length).toBe(metrics.length);
    const head = await ask('/metrics', 'HEAD');
    expect([head.body, head.headers['content-length']]).toEqual(['', `${metrics.length}`]);
  });

  it.each([
    ['POST', '/status', {}, 405],
    ['DELETE', '/status', {}, 405],
    ['GET', '/status', { 'content-length': '1' }, 413],
    ['GET', '/status', { 'transfer-encoding': 'chunked' }, 413],
    ['GET', '/other', {}, 404],
  ])('%s %s with %j is refused with %d', async (method, url, headers, status) => {
    expect(await ask(url, method, headers)).toMatchObject({ status });
  });

  it('refuses headers that are too large', async () => {
    const text = await heard(
      await open(`GET /status HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`),
    );
    expect(text).toMatch(/^HTTP\/1\.1 431 /);
    expect(refused).toEqual(['request']);
  });

  it('drops a client that does not finish its request', async () => {
    const slow = await open('GET /status HTTP/1.1\r\n');
    expect(await heard(slow)).toMatch(/^HTTP\/1\.1 408 /);
    expect(refused).toEqual(['request']);
  });
});

describe('events', () => {
  const request = 'GET /events HTTP/1.1\r\nHost: a\r\n\r\n';
  const drift = (what: string) => recordOf({ kind: 'drift', what }, 0);

  async function until(holds: () => boolean): Promise<void> {
    for (let i = 0; i < 1000 && !holds(); i += 1) await sleep(10);
    expect(holds()).toBe(true);
  }

  it('begin with the state, go on as they come, and after a new connection with those that were missed', async () => {
    const client = await open(request);
    let text = '';
    client.on('data', (piece: Buffer) => (text += piece.toString()));
    client.resume();
    await until(() => text.includes('event: state'));
    events.add(drift('first'));
    events.add(drift('second'));
    await until(() => text.includes('second'));
    const [, id = ''] =
      /id: (\d+)\nevent: drift\ndata: \{"time":"[^"]+","level":"debug","what":"first","message":"[^"]+"\}/.exec(
        text,
      ) ?? [];
    client.destroy();
    const again = await open(`GET /events HTTP/1.1\r\nHost: a\r\nLast-Event-ID: ${id}\r\n\r\n`);
    let missed = '';
    again.on('data', (piece: Buffer) => (missed += piece.toString()));
    again.resume();
    await until(() => missed.includes('second'));
    expect(missed).not.toContain('first');
  });

  it('drop a client that does not read, and no other', async () => {
    const silent = await open(request);
    const reading = await open(request);
    let bytes = 0;
    reading.on('data', (piece: Buffer) => (bytes += piece.length));
    reading.resume();
    await until(() => events.usage().eventClients === 2);
    for (let i = 0; i < 200 && events.usage().eventClientsDropped === 0; i += 1) {
      events.add(drift('x'.repeat(10_000)));
      await sleep(5);
    }
    expect(events.usage()).toEqual({ eventClients: 1, eventClientsDropped: 1 });
    await until(() => bytes > 100_000);
    silent.destroy();
  });

  it('has room for some, and answers others while a thousand try', async () => {
    const clients: Socket[] = [];
    // One after the other: this process accepts them, too.
    for (let i = 0; i < 1000; i += 1) clients.push(await open(request));
    await until(() => refused.length === 1000 - 64);
    expect(events.usage().eventClients).toBe(64);
    for (const client of clients) client.destroy();
    await until(() => events.usage().eventClients === 0);
    expect(await ask('/status')).toMatchObject({ status: 200 });
  });
});

it('closes connections beyond a number as they come', async () => {
  const clients: Socket[] = [];
  for (let i = 0; i < 200; i += 1) clients.push(await open(''));
  await sleep(100);
  expect(refused).toEqual(Array.from({ length: 72 }, () => 'connections'));
  for (const client of clients) client.destroy();
});

describe('by TCP', () => {
  const access = () => 401 as const;
  const served = (address: string, port: number) => ({
    listen: { address, port },
    access,
    emit: () => {},
    sleep: () => Promise.resolve(),
  });

  async function freePort(): Promise<number> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    server.close();
    await once(server, 'close');
    return port;
  }

  it('one address cannot take all connections, also without a token', async () => {
    const port = await freePort();
    await serveAddress(served('127.0.0.1', port), content, end.signal);
    const from = async (localAddress: string, text: string): Promise<Socket> => {
      const socket = connect({ port, host: '127.0.0.1', localAddress }).pause();
      socket.on('error', () => {});
      await once(socket, 'connect');
      socket.write(text);
      return socket;
    };
    const clients: Socket[] = [];
    for (let i = 0; i < 140; i += 1) clients.push(await from('127.0.0.2', ''));
    const request = 'GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n';
    expect(await heard(await from('127.0.0.3', request))).toMatch(/^HTTP\/1\.1 401 /);
    expect(refused.filter((reason) => reason === 'connections')).toHaveLength(140 - 16);
    // They are counted while they are open only.
    for (const client of clients) client.destroy();
    await sleep(100);
    expect(await heard(await from('127.0.0.2', request))).toMatch(/^HTTP\/1\.1 401 /);
  });

  it('tries again and again without more and more listeners', async () => {
    const warnings: string[] = [];
    const warn = ({ message }: Error): void => void warnings.push(message);
    process.on('warning', warn);
    const tries = new AbortController();
    let left = 30;
    const sleepShortly = (): Promise<void> => {
      left -= 1;
      if (left === 0) tries.abort();
      return sleep(1);
    };
    // An address of documentation (RFC 5737), which this host does not have.
    await serveAddress({ ...served('192.0.2.1', 9479), sleep: sleepShortly }, content, tries.signal);
    await sleep(10);
    process.off('warning', warn);
    expect(left).toBe(0);
    expect(warnings).toEqual([]);
  });
});

it('keeps no copy of a large text for clients that do not read', async () => {
  const before = process.memoryUsage().arrayBuffers;
  const clients = await Promise.all(
    Array.from({ length: 60 }, () => open('GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n')),
  );
  await sleep(500);
  expect(await ask('/status')).toMatchObject({ status: 200 });
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(60_000_000);
  for (const client of clients) client.destroy();
});
