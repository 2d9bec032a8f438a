/** Traces the packets of a probe: creates a table that marks them for tracing, and reads the trace. */
import { randomBytes } from 'node:crypto';
import { MustredirectError } from '../../error.ts';
import { endingWithStdin, waitUntil } from '../../host/process/background.ts';
import { startError } from '../../host/process/exec.ts';
import { makeOwnedTable } from '../../host/nft/owned-table.ts';
import { type TraceEvent, decodeTrace } from '../../host/nft/trace.ts';
import type { Running } from '../../host/ports.ts';
import type { LiveHost } from '../../verify/live-host.ts';
import type { Flow } from './flow.ts';
import { tableCommands, tablePrefix } from './probe-table.ts';

export interface Tracer {
  /** table name */
  readonly table: string;
  /**
   * All events so far, the same array until there are more. Throws when the reader has ended, since missing events then
   * prove nothing.
   */
  events(): readonly TraceEvent[];
  end(): Promise<void>;
}

/** milliseconds: nft reads all tables of the host before it listens */
const timeout = 8000;

export async function openTracer(host: LiveHost, flows: readonly Flow[]): Promise<Tracer> {
  const table = `${tablePrefix}${randomBytes(4).toString('hex')}`;
  const made = await makeOwnedTable(host, table, tableCommands(table, flows), 'postrouting_end');
  if (made.kind === 'failed') throw made.error;
  const { owner } = made;
  try {
    const reader = await startReader(host);
    let decoded = { text: '', events: [] as readonly TraceEvent[] };
    return {
      table,
      events() {
        if (!reader.ended() && !owner.ended()) {
          const text = reader.output().stdout;
          // Asked every few milliseconds, while nothing new comes most of the time.
          if (text.length !== decoded.text.length) decoded = { text, events: decodeTrace(text) };
          return decoded.events;
        }
        throw new MustredirectError('failed', 'nft monitor trace: has ended before its time', {
          hint: 'nft 1.0.6 crashes where it reads sets that a later one has made',
        });
      },
      async end() {
        await Promise.all([reader.stop(), owner.stop()]);
      },
    };
  } catch (error) {
    await owner.stop();
    throw error;
  }
}

const readerArgv = endingWithStdin(['nft', 'monitor', 'trace']);

async function startReader(host: LiveHost): Promise<Running> {
  const before = await listeners(host);
  const reader = await host.background.start(readerArgv);
  const listens = async (): Promise<boolean> =>
    (await listeners(host)).some((socket) => !before.includes(socket));
  const started = await waitUntil(async () => reader.ended() || (await listens()), timeout);
  if (started && !reader.ended()) return reader;
  const output = await reader.stop();
  if (output.exitCode !== 0) throw startError(['nft', 'monitor', 'trace'], output);
  throw new MustredirectError('failed', 'nft monitor trace: does not begin to listen');
}

/** NFNLGRP_NFTRACE, 9, of linux/netfilter/nfnetlink.h, as a bit of the groups in /proc/net/netlink */
const traceGroup = 1 << 8;
/** NETLINK_NETFILTER */
const netfilter = '12';

/** Inodes of sockets that receive traces; nft does not report when its own socket is ready. */
async function listeners({ files }: LiveHost): Promise<string[]> {
  const rows = ((await files.read('/proc/net/netlink')) ?? '')
    .split('\n')
    .map((row) => row.trim().split(/\s+/));
  return rows
    .filter(
      ([, protocol, , groups = '0']) => protocol === netfilter && (parseInt(groups, 16) & traceGroup) !== 0,
    )
    .map((row) => row.at(-1) ?? '');
}
