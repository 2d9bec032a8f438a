/** Networks that other programs manage: libvirt, LXD, systemd-nspawn, or a bridge made by hand. */
import type { Engine } from '../engine.ts';

/** The file's subnets identify the network; the bridge is found by its address. */
export const external: Engine = {
  async readNetworks(_host, networks) {
    return networks.map(({ name, subnets }) => ({
      engine: 'external',
      name,
      backend: 'external',
      exists: true,
      subnets,
      attached: [],
    }));
  },
  listLabelled: () => Promise.resolve([]),
  createCommand: () => undefined,
  removeCommand: () => undefined,
  inspectCommand: () => undefined,
  attachedCommand: () => undefined,
  editMasquerade: (content) => content,
};
