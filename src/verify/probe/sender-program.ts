/**
 * The program that runs inside a network namespace: the texts of these functions are what is passed to Node,
 * so that it works from the source and from the bundle alike. Each uses nothing but its arguments and the
 * language.
 */
import type * as dgram from 'node:dgram';
import type * as fs from 'node:fs';
import type * as net from 'node:net';
import type { Probe } from './probe.ts';

export interface Job {
  readonly probes: readonly Probe[];
  /** milliseconds to wait for answers */
  readonly patience: number;
}

/** Node's `require` */
type Load = (module: string) => unknown;
/**
 * `sentAt` is the time when it was sent, absent when it never left its socket; `code` is an errno's name, or
 * empty after success
 */
type Done = (protocol: 'udp' | 'tcp', sentAt: number | undefined, code: string) => void;
/** Sends one packet and gives what closes its socket. */
type Send = (load: Load, probe: Probe, done: Done) => () => void;

export function programText(job: Job): string {
  const senders = [sendDatagram, sendSyn].map(String).join(', ');
  return `(${runJob.toString()})(require, ${JSON.stringify(job)}, [${senders}])`;
}

/** Prints what came back, as soon as all have been answered or patience ends. */
function runJob(load: Load, { probes, patience }: Job, senders: readonly Send[]): void {
  const { writeSync } = load('node:fs') as typeof fs;
  const answers: unknown[] = [];
  const closers: (() => void)[] = [];
  let finished = false;
  const finish = (): void => {
    if (finished) return;
    finished = true;
    clearTimeout(timer);
    for (const close of closers) close();
    writeSync(1, JSON.stringify(answers));
  };
  const timer = setTimeout(finish, patience);
  for (const probe of probes) {
    for (const send of senders) {
      const answered = new Set<string>();
      const done: Done = (protocol, sentAt, code) => {
        if (finished || answered.has(protocol)) return;
        answered.add(protocol);
        const time = sentAt === undefined ? 0 : performance.now() - sentAt;
        const milliseconds = Math.round(time * 100) / 100;
        answers.push({
          localPort: probe.localPort,
          protocol,
          sent: sentAt !== undefined,
          code,
          milliseconds,
        });
        if (answers.length === probes.length * senders.length) finish();
      };
      closers.push(send(load, probe, done));
    }
  }
}

function sendDatagram(
  load: Load,
  { source, target, udpPort, localPort, size }: Probe,
  done: Done,
): () => void {
  const { createSocket } = load('node:dgram') as typeof dgram;
  const socket = createSocket(source.includes(':') ? 'udp6' : 'udp4');
  let sentAt: number | undefined;
  socket.on('message', () => done('udp', sentAt, ''));
  socket.on('error', (error: NodeJS.ErrnoException) => done('udp', sentAt, error.code ?? error.message));
  socket.bind({ address: source, port: localPort }, () => {
    // Connected, so that ICMP errors come back to this socket.
    socket.connect(udpPort, target, () => {
      sentAt = performance.now();
      socket.send(Buffer.alloc(size));
    });
  });
  return () => socket.close();
}

function sendSyn(load: Load, { source, target, tcpPort, localPort }: Probe, done: Done): () => void {
  const { connect } = load('node:net') as typeof net;
  const socket = connect({ host: target, port: tcpPort, localAddress: source, localPort });
  let sentAt = performance.now();
  socket.on('connectionAttempt', () => (sentAt = performance.now()));
  socket.on('connect', () => done('tcp', sentAt, ''));
  socket.on('error', (error: NodeJS.ErrnoException) => {
    const sent = error.syscall === 'connect' && error.code !== 'EADDRINUSE';
    done('tcp', sent ? sentAt : undefined, error.code ?? error.message);
  });
  // A reset, so that nothing stays behind in TIME_WAIT; before it is connected, Node would wait to send one.
  return () => void (socket.connecting ? socket.destroy() : socket.resetAndDestroy());
}
