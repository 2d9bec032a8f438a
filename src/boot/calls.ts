/** What is to be called at boot, by systemd or by whatever else starts a machine. */

export interface BootSource {
  /** what to run to run ourselves, absolute paths */
  readonly self: readonly string[];
  /** absolute path */
  readonly file: string;
  /** the host of the file that this machine is: when the guard runs, no interface has an address to find it by */
  readonly host: string;
  /** `NAME=value` */
  readonly settings: readonly string[];
}

export interface BootCalls {
  /** before any network interface is up and any container runs */
  readonly close: readonly string[];
  /** when the network is up */
  readonly open: readonly string[];
}

export function bootCalls({ self, file, host }: BootSource): BootCalls {
  const options = ['--boot', '--yes', '--file', file, '--host', host];
  return { close: [...self, 'apply', '--closed', ...options], open: [...self, 'apply', ...options] };
}
