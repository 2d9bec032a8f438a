/** The program `conntrack` 1.4.7. */
import { contains } from '../../src/address/cidr.ts';
import type { Output } from '../../src/host/ports.ts';
import { type FakeState, unknownToFake } from './state.ts';

export function runConntrack(state: FakeState, args: readonly string[]): Output {
  const [del, from, subnet, ...more] = args;
  if (del !== '-D' || from !== '-s' || subnet === undefined || more.length > 0) {
    return unknownToFake(`conntrack ${args.join(' ')}`);
  }
  const kept = state.flows.filter((source) => !contains(subnet, source));
  const count = state.flows.length - kept.length;
  state.flows = kept;
  return {
    // None to delete is exit 1.
    exitCode: count > 0 ? 0 : 1,
    stdout: '',
    stderr: `conntrack v1.4.7 (conntrack-tools): ${count} flow entries have been deleted.`,
  };
}
