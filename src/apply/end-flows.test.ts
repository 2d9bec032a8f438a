import { describe, expect, it } from 'vitest';
import type { Exec, Output } from '../host/ports.ts';
import { openFlows, resetConnections } from './end-flows.ts';
import type { Sender } from './senders.ts';

const flows = [{ from: '10.89.4.0/24' }];
const web: Sender = { name: 'node1 (network web, 10.89.4.0/24)', subnet: '10.89.4.0/24' };

interface Told {
  /** number of conntrack entries */
  readonly forgotten?: number;
  /** packet counts of rules at each reading; the last one repeats */
  readonly answers?: readonly number[];
  readonly sent?: readonly number[];
  readonly connections?: boolean;
}

const ok = (stdout = '', stderr = ''): Output => ({ exitCode: 0, stdout, stderr });

/** Records commands and pauses in short form. */
function host({ forgotten = 1, answers = [0], sent = [0], connections = false }: Told) {
  const did: string[] = [];
  const looks = { answers: 0, sent: 0 };
  const next = (kind: 'answers' | 'sent', values: readonly number[]): number =>
    values[Math.min(looks[kind]++, values.length - 1)] ?? 0;
  const exec: Exec = {
    run: (argv, { input } = {}) => {
      const command = argv.join(' ');
      if (command === 'nft -f -') {
        did.push(input ?? '');
        return Promise.resolve(ok());
      }
      if (command.startsWith('conntrack -L')) {
        const line =
          'tcp      6 431999 ESTABLISHED src=10.89.4.7 dst=192.0.2.1 src=192.0.2.1 dst=10.89.4.7 \n';
        return Promise.resolve(ok(connections ? line : ''));
      }
      if (command.startsWith('conntrack')) {
        did.push('forget');
        const stderr = `conntrack v1.4.7 (conntrack-tools): ${forgotten} flow entries have been deleted.`;
        return Promise.resolve({ exitCode: forgotten > 0 ? 0 : 1, stdout: '', stderr });
      }
      if (command.includes('list chain')) {
        const packets = next('answers', answers);
        return Promise.resolve(
          ok(JSON.stringify({ nftables: [{ rule: { expr: [{ counter: { packets } }, { drop: null }] } }] })),
        );
      }
      return Promise.resolve(ok(tableWith(next('sent', sent))));
    },
  };
  const pause = (milliseconds: number): Promise<void> => {
    did.push(`${milliseconds} ms`);
    return Promise.resolve();
  };
  return { exec, pause, did };
}

function tableWith(packets: number): string {
  const set = {
    family: 'inet',
    table: 'mustredirect',
    name: 'closing4_24',
    type: 'ipv4_addr',
    elem: [{ elem: { val: '10.89.4.0', counter: { packets, bytes: 0 } } }],
    stmt: [{ counter: null }],
  };
  return JSON.stringify({ nftables: [{ set }] });
}

const open = { kind: 'open', close: 'closes', flows, text: 'opens' } as const;

describe('openFlows', () => {
  it('blocks, deletes conntrack entries, waits until no more replies arrive, and opens', async () => {
    const { exec, pause, did } = host({ answers: [3, 5, 5] });
    await openFlows(exec, open, pause);
    expect(did).toEqual(['closes', 'forget', 'forget', '200 ms', '200 ms', 'opens']);
  });

  it('does not wait when there were no entries', async () => {
    const { exec, pause, did } = host({ forgotten: 0 });
    await openFlows(exec, { ...open, close: 'closes' }, pause);
    expect(did).toEqual(['closes', 'forget', 'forget', 'opens']);
  });

  it('limits the wait for a server that sends without requests', async () => {
    const { exec, pause, did } = host({ answers: Array.from({ length: 100 }, (_, i) => i) });
    await openFlows(exec, open, pause);
    expect(did.filter((what) => what === '200 ms')).toHaveLength(15);
    expect(did.at(-1)).toBe('opens');
  });

  it('stays blocked while a node sends, and reports its name', async () => {
    const { exec, pause, did } = host({ sent: [7, 9] });
    await expect(openFlows(exec, open, pause, [web])).rejects.toThrow(/blocked.*node1 \(network web/);
    expect(did).not.toContain('opens');
  });

  it('opens when no node sends any more', async () => {
    const { exec, pause, did } = host({ sent: [7] });
    await openFlows(exec, open, pause, [web]);
    expect(did.slice(-2)).toEqual(['1000 ms', 'opens']);
  });
});

describe('resetConnections', () => {
  it.each([
    [true, ['ends', '300 ms']],
    [false, ['ends']],
  ])('waits only if there are connections: %s', async (connections, done) => {
    const { exec, pause, did } = host({ connections });
    await resetConnections(exec, { kind: 'reset-connections', flows, text: 'ends' }, pause);
    expect(did).toEqual(done);
  });
});
