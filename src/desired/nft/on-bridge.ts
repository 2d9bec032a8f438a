/** Subnets and the bridges that they are on. */
import { shortSubnet } from '../../address/cidr.ts';
import type { Redirect } from '../redirect.ts';
import type { OnBridge } from './subnet-sets.ts';

/** The subnets of a network on this host, each with the bridge that its containers are on. */
export function pairsOnBridge({ local, bridge, subnets }: Redirect): OnBridge[] {
  return local && bridge !== undefined ? subnets.map((subnet) => ({ subnet, bridge })) : [];
}

/** Elements of nft: subnets of others on the bridge of a network. */
export function othersOnBridge({ otherBridgeSubnets, bridge }: Redirect): string[] {
  return bridge === undefined
    ? []
    : otherBridgeSubnets.map((subnet) => `${shortSubnet(subnet)} . "${bridge}"`);
}
