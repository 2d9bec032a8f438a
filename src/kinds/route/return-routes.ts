/** Return routes of a gateway: to each subnet that it serves, by the node of the subnet. */
import { type Address, type Subnet, longSubnet } from '../../address/cidr.ts';
import type { HostObject } from '../index.ts';
import { mainTable } from '../ownership.ts';

export interface ReturnRoute {
  readonly subnet: Subnet;
  /** address of the node */
  readonly via: Address;
}

export function returnRoutes(objects: readonly HostObject[]): ReturnRoute[] {
  return objects.flatMap((object) => {
    if (object.kind !== 'route' || object.table !== mainTable || object.target.kind !== 'unicast') return [];
    const { via } = object.target;
    return via === undefined ? [] : [{ subnet: longSubnet(object.destination), via }];
  });
}
