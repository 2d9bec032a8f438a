/** `conntrack` 1.4.7. */
import { familyOf } from '../../src/address/cidr.ts';
import type { Output } from '../../src/host/ports.ts';
import { inSubnet } from './address.ts';
import { type FakeState, unknownToFake } from './state.ts';

export function runConntrack(
  state: FakeState,
  args: readonly string[],
  input: string,
  changed: (change: string) => void,
): Output {
  if (args.join(' ') === '--version') {
    return { exitCode: 0, stdout: 'conntrack v1.4.7 (conntrack-tools)', stderr: '' };
  }
  if (args.join(' ') === '-R -') {
    for (const line of input.split('\n').slice(0, -1)) {
      forget(state, line);
      changed(`conntrack ${line}`);
    }
    return { exitCode: 0, stdout: '', stderr: '' };
  }
  const [, listed] = /^-L(?: -p tcp)? -f ipv([46])$/.exec(args.join(' ')) ?? [];
  // All flows are UDP.
  if (listed !== undefined) return list(args.includes('tcp') ? { ...state, flows: [] } : state, listed);
  const count = forget(state, args.join(' '));
  changed(`conntrack ${args.join(' ')}`);
  return {
    // conntrack exits with 1 when it deletes none.
    exitCode: count > 0 ? 0 : 1,
    stdout: '',
    stderr: `conntrack v1.4.7 (conntrack-tools): ${count} flow entries have been deleted.`,
  };
}

function list({ flows }: FakeState, family: string): Output {
  const lines = flows
    .map((flow) => flow.split(' '))
    .filter(([source = '']) => family === String(familyOf(source)))
    .map(
      ([source, destination = '192.0.2.1']) =>
        `udp      17 29 src=${source} dst=${destination} sport=1 dport=2 src=${destination} dst=${source} \n`,
    );
  const stderr = `conntrack v1.4.7 (conntrack-tools): ${lines.length} flow entries have been shown.`;
  return { exitCode: 0, stdout: lines.join(''), stderr };
}

function forget(state: FakeState, command: string): number {
  // No flow here begins outside. conntrack refuses a subnet after -r.
  if (/^-D -f ipv[46] -r [^ /]+$/.test(command)) return 0;
  const [, family, subnet, to] = /^-D -f ipv([46])(?: -s (\S+))?(?: -d (\S+))?$/.exec(command) ?? [];
  if (family !== String(familyOf(subnet ?? to ?? ''))) unknownToFake(`conntrack ${command}`);
  const kept = state.flows.filter((flow) => {
    const [source = '', destination] = flow.split(' ');
    if (subnet !== undefined && !inSubnet(subnet, source)) return true;
    return to !== undefined && (destination === undefined || !inSubnet(to, destination));
  });
  const count = state.flows.length - kept.length;
  state.flows = kept;
  return count;
}
