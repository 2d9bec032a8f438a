/** Server-sent events: keeps the last ones, and sends them to clients that read. */
import type { ServerResponse } from 'node:http';
import { type AgentEvent } from '../event/agent-event.ts';
import { type EventRecord, recordOf } from '../event/record.ts';

/** Where events go: a response of HTTP. */
export type EventResponse = Pick<
  ServerResponse,
  'writeHead' | 'write' | 'destroy' | 'writableLength' | 'once' | 'flushHeaders'
>;

export interface EventStreams {
  add(record: EventRecord): void;
  /**
   * Sends events to a client from now on, and before that those that it has missed.
   *
   * @param lastId id of the last event that it has got; undefined: it is new
   * @returns false when there are too many clients
   */
  open(response: EventResponse, lastId: number | undefined): boolean;
  usage(): { readonly eventClients: number; readonly eventClientsDropped: number };
  /** Ends all. */
  close(): void;
}

/** events for clients that connect again: some minutes of a busy host */
const kept = 200;
const clientsAtMost = 64;
/** bytes that wait for a client, beyond what the kernel holds: more, and it is dropped */
const waitingAtMost = 64 * 1024;
/** milliseconds between comments, by which a client, or a proxy, sees that the connection lives */
const commentEvery = 10_000;

export interface EventPorts {
  /** ISO 8601 */
  readonly time: () => string;
  /** the first event of a new client */
  readonly state: () => AgentEvent;
  /** Calls a function again and again, until the signal is aborted. */
  readonly every: (milliseconds: number, work: () => void) => void;
}

export function createEventStreams({ time, state, every }: EventPorts): EventStreams {
  const clients = new Set<EventResponse>();
  let dropped = 0;
  // Ids of an agent that is started again go on, in the eyes of a client.
  let lastId = Date.parse(time());
  let events: readonly { readonly id: number; readonly text: string }[] = [];
  const send = (client: EventResponse, text: string): void => {
    client.write(text);
    if (client.writableLength <= waitingAtMost) return;
    dropped += 1;
    clients.delete(client);
    client.destroy();
  };
  const sendAll = (text: string): void => clients.forEach((client) => send(client, text));
  every(commentEvery, () => sendAll(': still here\n\n'));
  return {
    add(record) {
      lastId += 1;
      const text = textOf(record, lastId);
      events = [...events, { id: lastId, text }].slice(-kept);
      sendAll(text);
    },
    open(client, seen) {
      if (clients.size >= clientsAtMost) return false;
      client.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
      client.flushHeaders();
      clients.add(client);
      client.once('close', () => clients.delete(client));
      // An id that is still to come is one of an agent before this one, whose clock was ahead: what it saw is not known.
      const from = seen !== undefined && seen > lastId ? 0 : seen;
      const missed = from === undefined ? [] : events.filter(({ id }) => id > from);
      const now = recordOf(state(), Date.parse(time()));
      send(client, [textOf(now), ...missed.map(({ text }) => text)].join(''));
      return true;
    },
    usage: () => ({ eventClients: clients.size, eventClientsDropped: dropped }),
    close: () => clients.forEach((client) => client.destroy()),
  };
}

/** An event without an id leaves the client's last id as it is. */
function textOf({ kind, ...rest }: EventRecord, id?: number): string {
  const idLine = id === undefined ? '' : `id: ${id}\n`;
  return `${idLine}event: ${kind}\ndata: ${JSON.stringify(rest)}\n\n`;
}
