/** Texts about the members of gateways. */
import { type GatewayHealth, usesMember } from '../../agent/members/members.ts';

/** `office: IPv4 leaves by gw2`, or by all members that share its connections: `office: IPv4 leaves by gw1 and gw2` */
export function leavesBy(health: GatewayHealth): string {
  const hosts = health.members.map(({ host }) => host).filter((host) => usesMember(health, host));
  return `${health.gateway}: IPv${health.family} leaves by ${hosts.join(' and ')}`;
}
