/** Tells who listens on ports that a program of ours needs. */
import { type Address, parseAddress } from '../../address/cidr.ts';
import type { Exec } from '../ports.ts';
import { runOrFail } from '../process/exec.ts';

export interface WantedPort {
  readonly protocol: 'tcp' | 'udp';
  readonly port: number;
}

/** @returns `tcp 192.168.50.10:1790` -> `nc (process 4711)`, for ports of these addresses, or of every address */
export async function takenPorts(
  exec: Exec,
  wanted: readonly WantedPort[],
  addresses: readonly Address[],
): Promise<Record<string, string>> {
  const found = await Promise.all(wanted.map((one) => listenersOf(exec, one)));
  const any = ['*', '0.0.0.0', '::'];
  return Object.fromEntries(
    wanted.flatMap(({ protocol, port }, i) =>
      (found[i] ?? [])
        .filter(({ address }) => any.includes(address) || addresses.includes(address))
        .map(({ address, owner }) => [`${protocol} ${address}:${port}`, owner] as const),
    ),
  );
}

async function listenersOf(
  exec: Exec,
  { protocol, port }: WantedPort,
): Promise<{ readonly address: Address; readonly owner: string }[]> {
  const printed = await runOrFail(exec, [
    'ss',
    '--no-header',
    '--listening',
    `--${protocol}`,
    '--numeric',
    '--processes',
    `sport = :${port}`,
  ]);
  return printed
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => ({ address: addressIn(line), owner: ownerIn(line) }));
}

/** The fourth field: `192.168.50.10%eth0:3784`, `[fd00:50::10]:1790`, `*:1790`. */
function addressIn(line: string): Address {
  const [text = ''] = /\S+(?=:\d+$)/.exec(line.trim().split(/\s+/)[3] ?? '') ?? [];
  const bare = text.replace(/%[^\]]*/, '').replace(/^\[(.*)\]$/, '$1');
  return parseAddress(bare) ?? bare;
}

function ownerIn(line: string): string {
  const [, name, pid] = /users:\(\("([^"]*)",pid=(\d+)/.exec(line) ?? [];
  return name === undefined ? 'the kernel' : `${name.replace(/[^ -~]/g, '?')} (process ${pid})`;
}
