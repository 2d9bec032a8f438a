/** What the agent has read of its host, until something tells that it has changed. */
import { type HostPart, type HostParts, type PartMemory, hostParts } from '../inspect/host-parts.ts';

export interface HostMemory extends PartMemory {
  /** The next read is from the host, also of a part that is being read now. Default: all parts. */
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
