/** What the agent has read of its host, until something tells that it has changed. */
import { type HostPart, type HostParts, type Recall, hostParts } from '../inspect/host-parts.ts';

export interface HostMemory {
  readonly recall: Recall;
  /** The next read is from the host, also of a part that is being read now. Default: all parts. */
  readonly forget: (parts?: readonly HostPart[]) => void;
}

export function createHostMemory(): HostMemory {
  const kept: { [P in HostPart]?: Promise<HostParts[P]> } = {};
  const forget = (parts: readonly HostPart[] = hostParts): void => {
    for (const part of parts) delete kept[part];
  };
  return {
    forget,
    recall: (part, read) => {
      const known: Promise<HostParts[typeof part]> | undefined = kept[part];
      if (known) return known;
      const reading = read();
      Object.assign(kept, { [part]: reading });
      return reading;
    },
  };
}
