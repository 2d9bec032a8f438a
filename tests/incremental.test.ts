/** What is computed with all that was computed before is what is computed from nothing: for any edits of the file, and any drift. */
import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { factsOf } from '../bench/fleet/fleet-file.ts';
import { desiredState } from '../src/desired/desired.ts';
import { ledgerAfter } from '../src/apply/ledger-keeper.ts';
import type { HostObject } from '../src/kinds/index.ts';
import { makePlan } from '../src/plan/make-plan.ts';
import { createFileParser } from '../src/spec/file-parser.ts';
import { type ParsedSpec, parseSpec } from '../src/spec/parse.ts';
import type { Spec } from '../src/spec/spec.ts';
import { actualState } from '../src/state/actual.ts';
import { type Ledger, emptyLedger } from '../src/state/ledger.ts';
import { hostRole } from '../src/topology/topology.ts';

/** Networks of the file: number -> what it is like. */
type Networks = ReadonlyMap<number, number>;

const kinds = [
  (i: number) => `subnets: { far: 10.${i}.0.0/24 }\n    via: office`,
  (i: number) => `subnets: { far: 10.${i}.0.0/23 }\n    via: office`,
  (i: number) => `subnets: { far: 10.${i}.1.0/24 }\n    via: backup`,
  (i: number) =>
    `subnets: { far: 10.${i}.0.0/24 }\n    via: office\n    routes: [{ to: 198.51.100.${i}/32, via: backup }]`,
];

const fileOf = (networks: Networks): string => `version: 1
hosts:
  far: 100.64.0.9
  gw1: 100.127.0.1
networks:
${[...networks].map(([i, kind]) => `  net${i}:\n    engine: external\n    ${kinds[kind]?.(i)}\n`).join('')}gateways:
  office:
    members: [{ host: gw1, uplink: { device: uplink0, via: 203.0.113.1 } }]
    snat: masquerade
  backup:
    members: [{ host: gw1, uplink: { device: uplink0, via: 203.0.113.1 } }]
    snat: masquerade
`;

/** An edit of the file, and which of our objects, and which elements of our sets, are gone when it is read. */
const event = fc.record({
  network: fc.integer({ min: 1, max: 14 }),
  kind: fc.option(fc.nat(kinds.length - 1)),
  gone: fc.array(fc.nat(200), { maxLength: 3 }),
  element: fc.nat(20),
});

function specOf(parsed: ParsedSpec): Spec {
  if (parsed.kind === 'spec') return parsed.spec;
  throw new Error(parsed.problems[0]?.message);
}

interface State {
  readonly owned: readonly HostObject[];
  readonly ledger: Ledger;
}

function planFor(spec: Spec, { owned, ledger }: State) {
  const role = hostRole(spec, 'gw1');
  const facts = { ...factsOf(role), owned: [...owned], ledger };
  const desired = desiredState(role, spec.gateways, facts);
  const wanted = desired.wanted.map(({ object }) => object);
  const plan = makePlan(actualState(facts, wanted), desired, ledger);
  return { plan, desired, wanted, ledger: ledgerAfter(ledger, desired, facts) };
}

function afterDrift(owned: readonly HostObject[], gone: readonly number[], element: number): HostObject[] {
  return owned.flatMap((object, i) => {
    if (!gone.includes(i)) return [object];
    return object.kind === 'nft-set' && object.elements.length > 1
      ? [{ ...object, elements: object.elements.filter((_, at) => at !== element) }]
      : [];
  });
}

it('plans for one file after another, and one drift after another, what it plans for each alone', () => {
  const all = fc.array(event, { minLength: 2, maxLength: 8 });
  fc.assert(
    fc.property(all, (events) => {
      const parse = createFileParser();
      const networks = new Map(Array.from({ length: 10 }, (_, i) => [i + 1, 0]));
      let state: State = { owned: [], ledger: emptyLedger };
      for (const { network, kind, gone, element } of events) {
        if (kind === null) networks.delete(network);
        else networks.set(network, kind);
        const text = fileOf(networks);
        const now = { ledger: state.ledger, owned: afterDrift(state.owned, gone, element) };
        const found = planFor(specOf(parse(text)), now);
        const alone = planFor(specOf(parseSpec(text)), structuredClone(now));
        expect(found.desired).toEqual(alone.desired);
        expect(found.plan).toEqual(alone.plan);
        state = { owned: found.wanted.filter(({ kind: one }) => one !== 'sysctl'), ledger: found.ledger };
      }
    }),
    { numRuns: 25 },
  );
});
