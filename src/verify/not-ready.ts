/** Networks and gateways that are blocked until they match the file, in a verification. */
import { type Family, families, familyOf } from '../address/cidr.ts';
import type { NotReady } from '../desired/redirect.ts';
import { notReadyOf, notReadyText } from '../plan/not-ready.ts';
import type { HostRole, MemberGateway, NodeNetwork, ServedSubnet } from '../topology/role.ts';
import type { Check } from './report.ts';

export function closedReason(
  { name, blocked }: NodeNetwork,
  family: Family,
  notReady: readonly NotReady[],
): string | undefined {
  if (blocked.includes(family)) return `the file blocks IPv${family}`;
  const [first] = notReadyOf(notReady, `network ${name}`, family);
  return first && 'it is closed until it is ready';
}

export function isClosed(
  { name }: MemberGateway,
  { network, node, subnet }: ServedSubnet,
  notReady: readonly NotReady[],
): boolean {
  const names = [`gateway ${name}`, `network ${network} on ${node}`];
  return names.some((what) => notReadyOf(notReady, what, familyOf(subnet)).length > 0);
}

/** Failed checks for networks that leave directly, since no member of their gateway works. */
export function directChecks(networks: readonly NodeNetwork[]): Check[] {
  return networks.flatMap(({ name, gateway, leavesDirectly = {} }) =>
    families.flatMap((family): Check[] => {
      const outage = leavesDirectly[family];
      if (!outage) return [];
      const evidence = `it leaves directly, past gateway ${gateway}, since ${outage.since}: ${outage.why}`;
      return [{ subject: `network ${name}, IPv${family}`, family, check: 'ready', ok: false, evidence }];
    }),
  );
}

/** Failed checks for networks and gateways that are blocked because they do not match the file yet. */
export function notReadyChecks(
  notReady: readonly NotReady[],
  { networks, gateways }: Pick<HostRole, 'networks' | 'gateways'>,
): Check[] {
  const served = gateways.flatMap((gateway) => gateway.served);
  const gatewayNames = networks.flatMap(({ gateway, routes }) => [
    gateway,
    ...Object.keys(routes?.nextHops ?? {}),
  ]);
  const here = gateways.flatMap((gateway) => (gateway.served.length > 0 ? gateway.name : []));
  const subjects = new Set([
    ...networks.map(({ name }) => `network ${name}`),
    ...served.map(({ network, node }) => `network ${network} on ${node}`),
    ...[...gatewayNames, ...here].map((name) => `gateway ${name}`),
  ]);
  return notReady
    .filter(({ what }) => subjects.has(what.replace(/^published ports of /, '')))
    .map((one) => ({
      subject: one.family === undefined ? one.what : `${one.what}, IPv${one.family}`,
      ...(one.family === undefined ? {} : { family: one.family }),
      check: 'ready',
      ok: false,
      evidence: `${notReadyText(one)}; ${one.hint}`,
    }));
}
