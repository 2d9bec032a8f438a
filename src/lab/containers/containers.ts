/** What a lab asks of the engine in node1, alike for all of them. */
import type { Address, Subnet } from '../../address/cidr.ts';
import type { Output } from '../../host/ports.ts';

export interface Containers {
  createNetwork(name: string, subnet: Subnet): Promise<void>;
  /** Starts a container that does nothing until it is removed, and gives its address. */
  start(name: string, network: string): Promise<Address>;
  /** Runs one of busybox's programs in a container. */
  run(name: string, argv: readonly string[]): Promise<Output>;
  remove(name: string): Promise<void>;
}

/** The root file system of every container, on the test host. */
export const imageFolder = '/run/lab/image';
