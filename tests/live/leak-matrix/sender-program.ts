/**
 * First process of a container that sends continuously. Node runs the text of this function, so it uses only its
 * arguments and the language.
 */
import type * as childProcess from 'node:child_process';
import type * as dgram from 'node:dgram';
import type * as net from 'node:net';

/** Node's `require` */
type Load = (module: string) => unknown;

export interface Target {
  readonly address: string;
  readonly port: number;
}

export interface Job {
  readonly targets: readonly Target[];
  /** milliseconds between packets of a kind, to each target */
  readonly interval: number;
}

export function senderText({ targets, interval }: Job): string {
  const calls = targets.map(
    (target) => `(${sendForever.toString()})(require, ${JSON.stringify({ ...target, interval })})`,
  );
  return calls.join(';');
}

/** Sends echo requests, datagrams, new connections, and data on an established connection. */
function sendForever(load: Load, { address, port, interval }: Target & Pick<Job, 'interval'>): void {
  const { spawn } = load('node:child_process') as typeof childProcess;
  const { createSocket } = load('node:dgram') as typeof dgram;
  const { connect } = load('node:net') as typeof net;

  const ping = (): void => {
    const argv = ['ping', '-q', '-i', String(interval / 1000), address];
    spawn('/bin/busybox', argv, { stdio: 'ignore' }).once('exit', () => setTimeout(ping, interval));
  };

  const udp = createSocket(address.includes(':') ? 'udp6' : 'udp4');
  udp.on('error', () => {});
  const sendDatagram = (): void => udp.send('x', port, address, () => {});

  const sendSyn = (): void => {
    const socket = connect(port, address);
    socket.on('error', () => {});
    socket.once('connect', () => socket.resetAndDestroy());
    // Ends before the kernel retransmits the SYN, so that the count includes only our packets.
    setTimeout(() => socket.destroy(), 200);
  };

  let standing: net.Socket | undefined;
  const stand = (): void => {
    standing = connect(port, address);
    standing.on('error', () => {});
    standing.resume();
    standing.once('close', () => setTimeout(stand, interval));
  };
  const sendData = (): void => {
    if (standing?.readyState === 'open') standing.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
  };

  ping();
  stand();
  const begin = Date.now();
  let sent = 0;
  // A timer may be late: due packets are sent at once, to keep the rate.
  setInterval(() => {
    for (; sent < (Date.now() - begin) / interval; sent += 1) {
      sendDatagram();
      sendSyn();
      sendData();
    }
  }, interval);
}
