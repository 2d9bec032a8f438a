/** Commands to run from boot on, by systemd or another init system. */

export interface BootSource {
  /** command of this program, absolute paths */
  readonly self: readonly string[];
  /** absolute path of the file */
  readonly file: string;
  /** host of the file that this machine is: when the guard runs, no interface has an address to find it by */
  readonly host: string;
  /** `NAME=value` */
  readonly settings: readonly string[];
}

export interface BootCommands {
  /** runs before any network interface is up and any container runs */
  readonly close: readonly string[];
  /** runs when the network is up */
  readonly open: readonly string[];
  /** runs from then on */
  readonly hold: readonly string[];
}

/** Options of Node for the agent, as in bin/mustredirect. */
const agentFlags = ['--max-semi-space-size=2', '--heap-growing-percent=25'];

export function bootCommands({ self, file, host }: BootSource): BootCommands {
  const source = ['--file', file, '--host', host];
  const options = ['--boot', '--yes', ...source];
  return {
    close: [...self, 'apply', '--closed', ...options],
    open: [...self, 'apply', ...options],
    hold: [...self.slice(0, 1), ...agentFlags, ...self.slice(1), 'agent', ...source],
  };
}
