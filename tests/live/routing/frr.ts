/** FRR on a test host: daemons of an upstream router that no code of ours has made. */
import type { TestHost } from '../../../src/lab/test-host.ts';

export type FrrDaemon = 'zebra' | 'staticd' | 'bgpd' | 'ospfd' | 'ospf6d' | 'bfdd';

const folder = '/run/frr-lab';

/** Starts zebra and others, all with this configuration. */
export async function startFrr(host: TestHost, daemons: readonly FrrDaemon[], config: string): Promise<void> {
  await host.run(['sh', '-c', `mkdir -p ${folder} /run/frr; chown frr:frr ${folder} /run/frr`]);
  await host.files.replace(`${folder}/frr.conf`, config, 0o644);
  for (const daemon of daemons) {
    const own = daemon === 'bfdd' ? ` --bfdctl ${folder}/bfdd.sock` : '';
    const options = `-d -u frr -g frr -A 127.0.0.1 -i ${folder}/${daemon}.pid -z ${folder}/zserv.api --vty_socket ${folder} --log file:${folder}/${daemon}.log${own}`;
    await host.run([`/usr/lib/frr/${daemon}`, ...options.split(' ')]);
  }
  await vtysh(host, '-f', `${folder}/frr.conf`);
}

/** Ends these daemons, or all that run, and waits until they are gone. */
export async function stopFrr(host: TestHost, daemons: readonly FrrDaemon[] | '*' = '*'): Promise<void> {
  const names = daemons === '*' ? '*' : `{${daemons.join(',')},}`;
  const ending = `for file in ${folder}/${names}.pid; do
    pid=$(cat $file) || continue
    kill $pid
    while kill -0 $pid; do sleep 0.05; done
  done 2>/dev/null; :`;
  await host.run(['bash', '-c', ending]);
}

export function vtysh(host: TestHost, ...args: readonly string[]): Promise<string> {
  return host.run(['vtysh', '--vty_socket', folder, ...args]);
}

/** Output of a `show` command. */
export function show(host: TestHost, command: string): Promise<string> {
  return vtysh(host, '-c', command);
}
