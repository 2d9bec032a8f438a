/** Common interface of the engines that a lab can run on node1. */
import type { Address, Subnet } from '../../address/cidr.ts';
import type { Output } from '../../host/ports.ts';

export interface Containers {
  /** @param subnets one for each family of the network */
  createNetwork(name: string, ...subnets: readonly Subnet[]): Promise<void>;
  /** Starts a container that sleeps until it is removed; returns its address, the IPv4 one if it has both. */
  start(name: string, network: string): Promise<Address>;
  /** addresses of a container in a network, one for each family */
  addresses(name: string, network: string): Promise<readonly Address[]>;
  /** Runs a busybox program in a container. */
  run(name: string, argv: readonly string[]): Promise<Output>;
  remove(name: string): Promise<void>;
}

/** Root file system of all containers, on the test host. */
export const imageFolder = '/run/lab/image';
