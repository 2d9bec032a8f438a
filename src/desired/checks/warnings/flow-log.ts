/** Warns that nobody writes the flow log of a gateway. */
import type { Facts } from '../../../state/facts.ts';
import type { MemberGateway } from '../../../topology/role.ts';
import type { Warning } from '../../redirect.ts';

export function flowLog(
  { name, flowLog: limits }: MemberGateway,
  { agent, socatMissing }: Pick<Facts, 'agent' | 'socatMissing'>,
): Warning[] {
  if (!limits) return [];
  if (socatMissing) {
    return [
      {
        message: `gateway ${name}: \`log: flows\` needs socat, which is not installed: no flow is logged`,
        hint: 'install it (apt-get install socat)',
      },
    ];
  }
  if (agent !== undefined) return [];
  return [
    {
      message: `gateway ${name}: \`log: flows\` needs the agent, which does not run on this host: no flow is logged`,
      hint: '`mustredirect agent` runs it, `mustredirect install --agent` at every start',
    },
  ];
}
