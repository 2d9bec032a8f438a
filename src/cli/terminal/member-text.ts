/** Texts about the members of gateways. */
import { type GatewayHealth, usesMember } from '../../agent/members/member-status.ts';
import type { KeptConnections } from '../../explain/kept-connections.ts';

/** `office: IPv4 leaves by gw2`, or by all members that share its connections: `office: IPv4 leaves by gw1 and gw2` */
export function leavesBy(health: GatewayHealth): string {
  const hosts = health.members.map(({ host }) => host).filter((host) => usesMember(health, host));
  return `${health.gateway}: IPv${health.family} leaves by ${hosts.join(' and ')}`;
}

/** `office: leaves by gw2 since 2026-11-29T18:00:00.000Z, gw1: 1 of 1 targets unreachable: 1.1.1.1` and the members */
export function membersText(health: GatewayHealth, kept: readonly KeptConnections[]): string {
  const { gateway, family, since, why = '', members } = health;
  const changed = since === undefined ? '' : ` since ${since} (${why})`;
  const here = kept.filter((one) => one.gateway === gateway && one.family === family);
  const texts = members.map((member) =>
    memberText(member, here.find((one) => one.member === member.host)?.connections ?? 0),
  );
  return `${leavesBy(health)}${changed}; ${texts.join('; ')}`;
}

/** `gw1 has failed, is drained, eth1 is down` */
export function stateText({
  host,
  state,
  fault,
  drained,
  drainedByItself,
}: Pick<
  GatewayHealth['members'][number],
  'host' | 'state' | 'fault' | 'drained' | 'drainedByItself'
>): string {
  const words = { up: 'works', down: 'has failed', unknown: 'is not probed yet' } as const;
  return [
    `${host} ${words[state]}`,
    ...(drained ? [drainedByItself ? `is drained (on ${host})` : 'is drained'] : []),
    ...(fault === undefined ? [] : [fault]),
  ].join(', ');
}

function memberText(member: GatewayHealth['members'][number], kept: number): string {
  const { loss, roundTrip, share } = member;
  return [
    stateText(member),
    ...(kept === 0 ? [] : [`keeps ${kept} ${kept === 1 ? 'connection' : 'connections'}`]),
    ...(share === undefined ? [] : [`${Math.round(share * 100)} % of new connections`]),
    ...(loss === undefined ? [] : [`${Math.round(loss * 100)} % lost`]),
    ...(roundTrip === undefined ? [] : [`${roundTrip} ms`]),
  ].join(', ');
}
