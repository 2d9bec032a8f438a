/** An HTTP server with limits: what a client does, or does not do, costs little and ends soon. */
import { once } from 'node:events';
import { chmod, mkdir, rm } from 'node:fs/promises';
import { type Server, createServer } from 'node:http';
import { dirname } from 'node:path';
import type { Access } from './access.ts';
import { limitConnections } from './connection-limit.ts';
import type { Emit } from '../event/agent-event.ts';
import type { ListenAddress } from './listen-address.ts';
import { type ApiContent, answer } from './routes.ts';

/** Bytes and milliseconds. Prometheus sends less than 1 KB, at once. */
const limits = {
  maxHeaderSize: 8 * 1024,
  headersTimeout: 5_000,
  requestTimeout: 10_000,
  keepAliveTimeout: 5_000,
  connectionsCheckingInterval: 1_000,
} as const;
const malformed: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
};
/** connections at a time, each of some KB: more are closed as they come */
const connectionsAtMost = 128;
/** of them, connections from one address: the others stay free for Prometheus */
const connectionsOfAddress = 16;
/** milliseconds without a byte in either direction */
const idleTimeout = 90_000;
/** milliseconds between two tries to listen: an address may come late, or its port be taken */
const listenAgain = 5_000;

/** @param access absent: whoever can connect may ask */
function createApiServer(content: ApiContent, end: AbortSignal, access?: Access): Server {
  const server = createServer(limits, (request, response) => {
    response.on('error', () => {});
    answer(content, access, request, response).catch(() => response.destroy());
  });
  server.maxConnections = connectionsAtMost;
  server.setTimeout(idleTimeout);
  limitConnections(server, connectionsOfAddress, () => content.refused('connections'));
  server.on('drop', () => content.refused('connections'));
  server.on('clientError', ({ code = '' }: NodeJS.ErrnoException, socket) => {
    const isGone = code === 'ECONNRESET' || !socket.writable;
    if (isGone) {
      socket.destroy();
      return;
    }
    content.refused('request');
    socket.end(`HTTP/1.1 ${malformed[code] ?? '400 Bad Request'}\r\nConnection: close\r\n\r\n`);
  });
  const stop = (): void => {
    content.events.close();
    server.closeAllConnections();
    server.close();
  };
  end.addEventListener('abort', stop, { once: true });
  return server;
}

/** Answers root on a unix socket until `end` is aborted. A socket that a killed agent has left is replaced. */
export async function serveSocket(path: string, content: ApiContent, end: AbortSignal): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await rm(path, { force: true });
  const server = createApiServer(content, end);
  await listening(server, { path });
  await chmod(path, 0o600);
}

export interface AddressServed {
  readonly listen: ListenAddress;
  readonly access: Access;
  readonly emit: Emit;
  readonly sleep: (milliseconds: number, signal: AbortSignal) => Promise<void>;
}

/** Answers on an address until `end` is aborted. What keeps it from listening keeps the agent from nothing else. */
export async function serveAddress(
  { listen, access, emit, sleep }: AddressServed,
  content: ApiContent,
  end: AbortSignal,
): Promise<void> {
  const { address: host, port } = listen;
  const server = createApiServer(content, end, access);
  let told = '';
  while (!end.aborted) {
    try {
      await listening(server, { host, port });
      if (told !== '') emit({ kind: 'api', text: `listens on ${host}, port ${port}`, well: true });
      return;
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      if (message !== told)
        emit({ kind: 'api', text: `cannot be asked by TCP, and tries again: ${message}` });
      told = message;
      await sleep(listenAgain, end);
    }
  }
}

async function listening(
  server: Server,
  where: { path: string } | { host: string; port: number },
): Promise<void> {
  // Unlike the callback of `listen`, it leaves no listener behind when a try fails.
  const listens = once(server, 'listening');
  server.listen(where);
  await listens;
  // An error such as too many open files costs a connection, and the agent goes on.
  server.on('error', () => {});
}
