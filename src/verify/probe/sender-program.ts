/**
 * Program that runs inside a network namespace. The texts of these functions are passed to Node, which works from
 * source and from the bundle. Each function uses only its arguments and the language.
 */
import type * as dgram from 'node:dgram';
import type * as fs from 'node:fs';
import type * as net from 'node:net';
import type { Probe } from './probe.ts';

export interface SenderInput {
  readonly probes: readonly Probe[];
  /** milliseconds to wait for replies */
  readonly replyTimeout: number;
}

/** Node's `require` */
type Load = (module: string) => unknown;
/** `sentAt`: time of sending, absent when the packet never left its socket; `code`: errno name, or empty on success */
type Report = (protocol: 'udp' | 'tcp', sentAt: number | undefined, code: string) => void;
/** Sends one packet, and returns a function that closes its socket. */
type Send = (load: Load, probe: Probe, report: Report) => () => void;

export function programText(input: SenderInput): string {
  const senders = [sendDatagram, sendSyn].map(String).join(', ');
  return `(${runJob.toString()})(require, ${JSON.stringify(input)}, [${senders}])`;
}

/** Prints the results once all replies have come or the wait ends. */
function runJob(load: Load, { probes, replyTimeout }: SenderInput, senders: readonly Send[]): void {
  const { writeSync } = load('node:fs') as typeof fs;
  const replies: unknown[] = [];
  const closers: (() => void)[] = [];
  let finished = false;
  const finish = (): void => {
    if (finished) return;
    finished = true;
    clearTimeout(timer);
    for (const close of closers) close();
    writeSync(1, JSON.stringify(replies));
  };
  const timer = setTimeout(finish, replyTimeout);
  for (const probe of probes) {
    for (const send of senders) {
      const done = new Set<string>();
      const report: Report = (protocol, sentAt, code) => {
        if (finished || done.has(protocol)) return;
        done.add(protocol);
        const time = sentAt === undefined ? 0 : performance.now() - sentAt;
        const milliseconds = Math.round(time * 100) / 100;
        replies.push({
          localPort: probe.localPort,
          protocol,
          sent: sentAt !== undefined,
          code,
          milliseconds,
        });
        if (replies.length === probes.length * senders.length) finish();
      };
      closers.push(send(load, probe, report));
    }
  }
}

function sendDatagram(
  load: Load,
  { source, target, udpPort, localPort, size }: Probe,
  report: Report,
): () => void {
  const { createSocket } = load('node:dgram') as typeof dgram;
  const socket = createSocket(source.includes(':') ? 'udp6' : 'udp4');
  let sentAt: number | undefined;
  socket.on('message', () => report('udp', sentAt, ''));
  socket.on('error', (error: NodeJS.ErrnoException) => report('udp', sentAt, error.code ?? error.message));
  socket.bind({ address: source, port: localPort }, () => {
    // A connected socket receives ICMP errors.
    socket.connect(udpPort, target, () => {
      sentAt = performance.now();
      socket.send(Buffer.alloc(size));
    });
  });
  return () => socket.close();
}

function sendSyn(load: Load, { source, target, tcpPort, localPort }: Probe, report: Report): () => void {
  const { connect } = load('node:net') as typeof net;
  const socket = connect({ host: target, port: tcpPort, localAddress: source, localPort });
  let sentAt = performance.now();
  socket.on('connectionAttempt', () => (sentAt = performance.now()));
  socket.on('connect', () => report('tcp', sentAt, ''));
  socket.on('error', (error: NodeJS.ErrnoException) => {
    const sent = error.syscall === 'connect' && error.code !== 'EADDRINUSE';
    report('tcp', sent ? sentAt : undefined, error.code ?? error.message);
  });
  // A reset avoids TIME_WAIT; on an unconnected socket, Node would wait before sending one.
  return () => void (socket.connecting ? socket.destroy() : socket.resetAndDestroy());
}
