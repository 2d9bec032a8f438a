/** Changes by users to the networks of their engine. */
import * as fc from 'fast-check';
import { networkFile } from '../fake-host/podman.ts';
import type { FakeState } from '../fake-host/state.ts';
import { networkName, subnets, subnetsOf } from './specs.ts';

export interface NetworkDrift {
  readonly kind: 'gone' | 'made' | 'made-unmasqueraded';
  readonly subnet: string;
}

export const networkDrifts: fc.Arbitrary<NetworkDrift> = fc.record({
  kind: fc.constantFrom('gone', 'made', 'made-unmasqueraded'),
  subnet: fc.constantFrom(...subnets),
});

/** A new network replaces the existing one. */
export function driftNetworks(state: FakeState, { kind, subnet }: NetworkDrift): void {
  if (!state.podman) return;
  const network = {
    name: networkName(subnet),
    subnets: subnetsOf(subnet),
    bridge: 'podman77',
    masquerade: kind === 'made',
  };
  const [path, text] = networkFile(state.podman.backend, network);
  const others = [...state.files].filter(([file]) => file !== path);
  state.files = new Map(kind === 'gone' ? others : [...others, [path, text]]);
}
