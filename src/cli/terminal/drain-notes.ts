/** Texts about what a drain, or its end, has done, and has not. Pure. */
import { type GatewayHealth, usesMember } from '../../agent/members/member-status.ts';
import { leavesBy, stateText } from './member-text.ts';
import type { Label } from './terminal.ts';

export interface DrainNotes {
  readonly notes: readonly { readonly text: string; readonly label: Label }[];
  /** a drained member is left, for one that is known to work */
  readonly isDone: boolean;
}

/** @param gateways those of the member, after the agent has taken it over */
export function drainNotes(member: string, on: boolean, gateways: readonly GatewayHealth[]): DrainNotes {
  return on ? afterDrain(member, gateways) : afterUndrain(member, gateways);
}

function afterDrain(member: string, gateways: readonly GatewayHealth[]): DrainNotes {
  const stays = gateways.some((gateway) => usesMember(gateway, member));
  const unknown = gateways.flatMap((gateway) =>
    gateway.members.filter(
      ({ host, state }) => host !== member && state === 'unknown' && usesMember(gateway, host),
    ),
  );
  const hosts = [...new Set(unknown.map(({ host }) => host))];
  const texts = [
    ...(stays ? ['no other member works: it is left as soon as one does'] : []),
    ...hosts.map(
      (host) =>
        `${host} is not probed yet: nobody knows whether it works; \`mustredirect status\` shows when it is, and \`mustredirect undrain ${member}\` goes back`,
    ),
  ];
  return { notes: texts.map((text) => ({ text, label: 'warning' })), isDone: texts.length === 0 };
}

/** A member that was given back is not used again at once. */
function afterUndrain(member: string, gateways: readonly GatewayHealth[]): DrainNotes {
  const texts = saysDrained(gateways, member)
    ? [`${member} stays out of use: it was drained on ${member} as well`]
    : gateways.flatMap((gateway) => {
        const own = gateway.members.find(({ host }) => host === member);
        if (!own || usesMember(gateway, member)) return [];
        return [
          `${leavesBy(gateway)}: ${stateText(own)}, and is used again by \`failback:\` of the gateway, if it comes before those in use`,
        ];
      });
  return { notes: texts.map((text) => ({ text, label: 'note' })), isDone: true };
}

/** Whether a member says itself that it is drained. */
export function saysDrained(gateways: readonly GatewayHealth[], host: string): boolean {
  return gateways.some(({ members }) => members.some((one) => one.host === host && one.drainedByItself));
}

/** Why a drill would be an outage, as far as it is known: a member that was never probed may work. */
export function noOtherText({ members }: Pick<GatewayHealth, 'members'>): {
  readonly states: string;
  readonly hint: string;
} {
  const isUnknown = members.some(({ state, drained }) => state === 'unknown' && drained !== true);
  return {
    states: members.map(stateText).join('; '),
    hint: isUnknown
      ? 'wait until `mustredirect status` shows that it is probed; if it stays so, the agent cannot probe: `mustredirect logs` and `mustredirect doctor` say why'
      : 'a drill would be an outage: `mustredirect status` shows what is wrong with the others',
  };
}
