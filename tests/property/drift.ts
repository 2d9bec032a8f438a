/** What others do to our objects behind our back. */
import * as fc from 'fast-check';
import type { FakeState } from '../fake-host/state.ts';

const ours = 136;

/** @param pick decides for each of our objects whether it is taken away */
export type Drift = (state: FakeState) => void;

export const drifts: fc.Arbitrary<Drift> = fc
  .record({
    rules: fc.array(fc.boolean(), { minLength: 1 }),
    routes: fc.array(fc.boolean(), { minLength: 1 }),
    table: fc.constantFrom('kept', 'kept', 'gone', 'emptied', 'opened'),
  })
  .map(({ rules, routes, table }) => (state) => {
    const stays = (list: readonly boolean[], i: number): boolean => list[i % list.length] ?? true;
    state.rules = state.rules.filter(({ protocol }, i) => protocol !== ours || stays(rules, i));
    state.routes = state.routes.filter(({ protocol }, i) => protocol !== ours || stays(routes, i));
    if (table === 'gone') state.nft = undefined;
    if (table === 'emptied' && state.nft) {
      state.nft = {
        ...state.nft,
        sets: new Map([...state.nft.sets].map(([name, set]) => [name, { ...set, elements: [] }])),
      };
    }
    if (table === 'opened' && state.nft) {
      const chains = [...state.nft.chains].map(
        ([name, chain]) => [name, { ...chain, rules: chain.rules.toSpliced(0, 1, 'accept') }] as const,
      );
      state.nft = { ...state.nft, chains: new Map(chains) };
    }
  });
