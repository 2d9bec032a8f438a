/** What a lab asks of the engine in node1, alike for all of them. */
import type { Address, Subnet } from '../../address/cidr.ts';
import type { Output } from '../../host/ports.ts';

export interface Containers {
  /** @param subnets one for each family that the network has */
  createNetwork(name: string, ...subnets: readonly Subnet[]): Promise<void>;
  /** Starts a container that does nothing until it is removed, and gives its address: IPv4's, where it has both. */
  start(name: string, network: string): Promise<Address>;
  /** of a container in a network: one for each family */
  addresses(name: string, network: string): Promise<readonly Address[]>;
  /** Runs one of busybox's programs in a container. */
  run(name: string, argv: readonly string[]): Promise<Output>;
  remove(name: string): Promise<void>;
}

/** The root file system of every container, on the test host. */
export const imageFolder = '/run/lab/image';
