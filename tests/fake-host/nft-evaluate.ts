/** Runs a packet through the chains of one hook. */
import { type Action, type Packet, compileRule } from './nft-compile.ts';
import { rememberOf } from './remember.ts';
import type { FakeTable } from './state.ts';

export type Verdict =
  | { readonly kind: 'accept'; readonly mark: number }
  | { readonly kind: 'drop' }
  | { readonly kind: 'snat'; readonly source: string };

type Outcome = Verdict | { readonly kind: 'return'; readonly mark: number };

type Chains = ReadonlyMap<string, readonly (readonly Action[])[]>;

interface CompiledTable {
  readonly table: FakeTable;
  /** chain name -> its rules */
  readonly chains: Chains;
  /** hook -> names of its chains, by priority */
  readonly hooks: ReadonlyMap<string, readonly string[]>;
  /** cached verdict of each packet at each hook: between changes, mostly routes differ */
  readonly verdicts: Map<string, Verdict>;
}

const compileTable = rememberOf((table: FakeTable): CompiledTable => {
  const hooked = [...table.chains].sort(([, a], [, b]) => (a.hook?.priority ?? 0) - (b.hook?.priority ?? 0));
  const hooks = new Map<string, string[]>();
  // Chains of a dormant table are not attached to hooks.
  for (const [name, { hook }] of table.dormant ? [] : hooked) {
    if (hook) hooks.set(hook.hook, [...(hooks.get(hook.hook) ?? []), name]);
  }
  const chains = new Map([...table.chains].map(([name, { rules }]) => [name, rules.map(compileRule)]));
  return { table, chains, hooks, verdicts: new Map() };
});

export function runHook(table: FakeTable | undefined, hook: string, packet: Packet): Verdict {
  if (!table) return { kind: 'accept', mark: packet.mark };
  const compiled = compileTable(table);
  const question = `${hook} ${textOf(packet)}`;
  const known = compiled.verdicts.get(question);
  if (known) return known;
  const verdict = walkHook(compiled, hook, packet);
  compiled.verdicts.set(question, verdict);
  return verdict;
}

/** Text of all fields that a rule can match. */
function textOf(packet: Packet): string {
  const { source, destination, mark, answer, ingress, protocol, port, device, nextHop, original } = packet;
  return `${source} ${destination} ${mark} ${answer} ${ingress} ${protocol} ${port} ${device} ${nextHop} ${original}`;
}

function walkHook(compiled: CompiledTable, hook: string, packet: Packet): Verdict {
  const { table } = compiled;
  let now = packet;
  for (const name of compiled.hooks.get(hook) ?? []) {
    const outcome = runChain(compiled, name, now);
    const policy = outcome.kind === 'return' ? table.chains.get(name)?.hook?.policy : undefined;
    if (outcome.kind === 'drop' || policy === 'drop') return { kind: 'drop' };
    now =
      outcome.kind === 'snat'
        ? { ...now, source: outcome.source, original: packet.source }
        : withMark(now, outcome.mark);
  }
  if (now.original === undefined) return { kind: 'accept', mark: now.mark };
  return { kind: 'snat', source: now.source };
}

/** A chain without a verdict returns to the caller, or to the policy. */
function runChain(compiled: CompiledTable, name: string, packet: Packet): Outcome {
  let now = packet;
  for (const rule of compiled.chains.get(name) ?? []) {
    const outcome = runRule(compiled, rule, now);
    if (outcome.kind !== 'next') return outcome;
    now = withMark(now, outcome.mark);
  }
  return { kind: 'return', mark: now.mark };
}

/** `next`: continue with the next rule */
function runRule(
  compiled: CompiledTable,
  rule: readonly Action[],
  packet: Packet,
): Outcome | { readonly kind: 'next'; readonly mark: number } {
  let now = packet;
  for (const action of rule) {
    switch (action.kind) {
      case 'match':
        if (!action.test(compiled.table, now)) return { kind: 'next', mark: now.mark };
        break;
      case 'mark':
        now = withMark(now, action.change(now.mark));
        break;
      case 'drop':
        return { kind: 'drop' };
      case 'snat':
        return { kind: 'snat', source: action.source(now) };
      case 'return':
      case 'accept':
        return { kind: action.kind, mark: now.mark };
      case 'goto':
        return runChain(compiled, action.chain, now);
      case 'vmap': {
        const chain = action.lead(compiled.table, now);
        if (chain === undefined) return { kind: 'next', mark: now.mark };
        return runChain(compiled, chain, now);
      }
      case 'jump': {
        const outcome = runChain(compiled, action.chain, now);
        return outcome.kind === 'return' ? { kind: 'next', mark: outcome.mark } : outcome;
      }
    }
  }
  return { kind: 'next', mark: now.mark };
}

function withMark(packet: Packet, mark: number): Packet {
  return packet.mark === mark ? packet : { ...packet, mark };
}
