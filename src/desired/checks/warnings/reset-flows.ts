/** Warns that conntrack's settings keep a gateway from resetting TCP connections that it does not know. */
import type { Facts } from '../../../state/facts.ts';
import type { MemberGateway } from '../../../topology/role.ts';
import type { Warning } from '../../redirect.ts';

export function resetFlows(
  { name, resetsFlows }: MemberGateway,
  { strictTcp }: Pick<Facts, 'strictTcp'>,
): Warning[] {
  if (!resetsFlows || !strictTcp) return [];
  return [
    {
      message: `gateway ${name}: \`flows\` resets nothing while net.netfilter.nf_conntrack_tcp_loose is 0: packets of unknown connections are dropped without a word`,
      hint: '`sysctl net.netfilter.nf_conntrack_tcp_loose=1`, which is the default of the kernel',
    },
  ];
}
