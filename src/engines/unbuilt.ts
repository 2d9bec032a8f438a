/** An engine that the file may name and that is not built yet: whatever is asked of it is refused. */
import { MustredirectError } from '../error.ts';
import type { EngineName } from '../spec/spec.ts';
import type { Engine } from './engine.ts';

export function unbuiltEngine(name: EngineName): Engine {
  const refuse = (): never => {
    throw new MustredirectError('refused', `engine ${name}: not supported yet`, {
      hint: 'write `engine: external` for a network that is made by hand: its subnets are enough',
    });
  };
  return {
    name,
    // Async, so that the refusal is a rejection as with every other engine.
    readNetworks: async () => refuse(),
    createCommand: refuse,
    removeCommand: refuse,
    editMasquerade: refuse,
  };
}
