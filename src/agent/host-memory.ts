/** What the agent has read of its host, until something tells that it has changed. */
import { type HostPart, type HostParts, type PartMemory, hostParts } from '../inspect/host-parts.ts';

export interface HostMemory extends PartMemory {
  /** @param parts default: all */
  readonly forget: (parts?: readonly HostPart[]) => void;
}

export function createHostMemory(): HostMemory {
  const kept: { [P in HostPart]?: Promise<HostParts[P]> } = {};
  return {
    get: (part) => kept[part],
    set: (part, reading) => {
      Object.assign(kept, { [part]: reading });
    },
    forget: (parts = hostParts) => {
      for (const part of parts) delete kept[part];
    },
  };
}
