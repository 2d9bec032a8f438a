/** Events about the file that the agent holds its host to. */
import { isDeepStrictEqual } from 'node:util';
import type { AgentEvent, Emit } from './event/agent-event.ts';
import type { FileHashes } from './look.ts';

type FileState = FileHashes & { readonly problem?: string };

/** Undefined: nothing has changed. Pure. */
function fileEvent(before: FileState | undefined, after: FileState): AgentEvent | undefined {
  if (isDeepStrictEqual(before, after)) return undefined;
  const mended = before?.problem !== undefined && after.problem === undefined;
  return { kind: 'file', ...after, ...(mended ? { mended } : {}) };
}

export interface FileEvents {
  readonly onFiles: (hashes: FileHashes) => void;
  /** Looks, and tells what has changed since the look before. */
  readonly watched: <T extends { readonly problem?: string }>(look: () => Promise<T>) => Promise<T>;
}

export function createFileEvents(emit: Emit, onHashes: FileEvents['onFiles']): FileEvents {
  let hashes: FileHashes = {};
  let before: FileState | undefined;
  return {
    onFiles(found) {
      hashes = found;
      onHashes(found);
    },
    async watched(look) {
      const found = await look();
      const { problem } = found;
      const after = { ...hashes, ...(problem === undefined ? {} : { problem }) };
      const event = fileEvent(before, after);
      if (event) emit(event);
      before = after;
      return found;
    },
  };
}
