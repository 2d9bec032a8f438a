/** Part of a host's role that can be probed: networks that are blocked because they are not ready are left out. */
import { type Family, familyOf } from '../../address/cidr.ts';
import type { NotReady } from '../../desired/redirect.ts';
import type { HostRole } from '../../topology/role.ts';

export function readyRole(role: HostRole, notReady: readonly Pick<NotReady, 'what' | 'family'>[]): HostRole {
  if (notReady.length === 0) return role;
  const isReady = (family: Family, ...names: readonly string[]): boolean =>
    !notReady.some((one) => names.includes(one.what) && (one.family ?? family) === family);
  return {
    ...role,
    networks: role.networks.flatMap((network) => {
      const subnets = network.subnets.filter((subnet) =>
        isReady(familyOf(subnet), `network ${network.name}`, `gateway ${network.gateway}`),
      );
      return subnets.length === 0 ? [] : [{ ...network, subnets }];
    }),
    gateways: role.gateways.flatMap((gateway) => {
      const served = gateway.served.filter(({ subnet, network, node }) =>
        isReady(familyOf(subnet), `gateway ${gateway.name}`, `network ${network} on ${node}`),
      );
      return served.length === 0 ? [] : [{ ...gateway, served }];
    }),
  };
}
