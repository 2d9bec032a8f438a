/** Keeps the ledger up to date while a plan runs: values to restore are recorded before they are changed. */
import { families } from '../address/cidr.ts';
import type { Desired } from '../desired/desired.ts';
import { factsOf } from '../desired/engines/network-facts.ts';
import { readLedger, writeLedger } from '../host/files/ledger-store.ts';
import type { Files } from '../host/ports.ts';
import { natDuringRun, natMemory } from '../plan/nat-memory.ts';
import type { Plan } from '../plan/step.ts';
import type { EngineName } from '../spec/spec.ts';
import type { Facts } from '../state/facts.ts';
import type { Ledger, LedgerNetwork } from '../state/ledger.ts';
import { isAlike } from '../kinds/alike.ts';
import { uniqueFlows } from '../kinds/flows/schema.ts';
import type { HostObject } from '../kinds/index.ts';
import { forwardingName, changesAlone, forwardingSysctls } from '../state/settings.ts';

export interface LedgerKeeper {
  readonly ledger: Ledger;
  save(ledger: Ledger): Promise<void>;
  rememberEdit(
    network: Pick<LedgerNetwork, 'engine' | 'name'>,
    edited: NonNullable<LedgerNetwork['edited']>,
  ): Promise<void>;
}

export async function openLedger(files: Files, path: string): Promise<LedgerKeeper> {
  let ledger = await readLedger(files, path);
  const save = async (next: Ledger): Promise<void> => {
    if (isAlike(next, ledger)) return;
    await writeLedger(files, path, next);
    ledger = next;
  };
  return {
    get ledger() {
      return ledger;
    },
    save,
    rememberEdit: ({ engine, name }, edited) => save(withEdit(ledger, engine, name, edited)),
  };
}

/** Ledger during the run: everything that it may have to restore. */
export function ledgerBefore(ledger: Ledger, desired: Desired, plan: Plan, facts: Facts): Ledger {
  const actions = plan.steps.map((step) => step.do);
  const created = actions.flatMap((action): LedgerNetwork[] => {
    if (action.kind !== 'create-network') return [];
    const { engine, name, subnets } = action;
    return [{ engine, name, subnets, created: true }];
  });
  const forgotten = uniqueFlows(actions.flatMap((action) => ('flows' in action ? action.flows : [])));
  return {
    ...ledger,
    ...desired.numbers,
    gateways: { ...ledger.gateways, ...desired.numbers.gateways },
    ...(ledger.members || desired.numbers.members
      ? { members: { ...ledger.members, ...desired.numbers.members } }
      : {}),
    sysctls: { ...ledger.sysctls, ...sysctlsBefore(ledger, plan, facts) },
    ...discoveredBefore(ledger, desired),
    // If this run is interrupted after its last change, the next one deletes these conntrack entries.
    ...(forgotten.length > 0 ? { forget: forgotten } : {}),
    ...(actions.some(({ kind }) => kind === 'nft' || kind === 'open')
      ? { nat: natDuringRun(ledger, desired.nat) }
      : {}),
    networks: [
      ...ledger.networks
        .filter((kept) => !created.some((made) => sameNetwork(made, kept)))
        .map((kept) => (isReplaced(kept, facts) ? notOurs(kept) : kept)),
      ...created,
    ],
  };
}

/** If the run is interrupted, those of before and after it are closed at the next boot. */
function discoveredBefore(
  { discovered = [] }: Ledger,
  { discovered: after }: Desired,
): Pick<Ledger, 'discovered'> {
  const before = discovered.filter(
    ({ engine, name }) => !after.some((one) => one.engine === engine && one.name === name),
  );
  const all = [...after, ...before];
  return all.length > 0 ? { discovered: all } : {};
}

/** Whether another program has replaced a network that we created: changes from now on are restored for it. */
function isReplaced(kept: LedgerNetwork, facts: Facts): boolean {
  const found = factsOf(kept, facts);
  return kept.created && found?.exists === true && !found.ours;
}

function notOurs({ engine, name, subnets }: LedgerNetwork): LedgerNetwork {
  return { engine, name, subnets, created: false };
}

/** Ledger after the run: only values that are still to be restored. */
export function ledgerAfter(ledger: Ledger, desired: Desired, facts: Facts): Ledger {
  const { unreadEngines = {} } = facts;
  const wanted = desired.wanted.map(({ object }) => object);
  const networks = ledger.networks.filter(
    (kept) =>
      kept.engine in unreadEngines ||
      wanted.some(
        (object) =>
          (object.kind === 'engine-network' && object.engine === kept.engine && object.name === kept.name) ||
          (object.kind === 'engine-masquerade' &&
            !object.enabled &&
            object.engine === kept.engine &&
            object.network === kept.name),
      ),
  );
  return {
    ...desired.numbers,
    sysctls: sysctlsAfter(ledger, wanted, facts),
    ...(Object.keys(desired.bridges).length > 0 ? { bridges: desired.bridges } : {}),
    ...(desired.discovered.length > 0 ? { discovered: desired.discovered } : {}),
    ...leavesDirectlyAfter(desired),
    ...natMemory(desired),
    networks,
  };
}

function leavesDirectlyAfter({ leavesDirectly }: Desired): Pick<Ledger, 'leavesDirectly'> {
  const entries = Object.entries(leavesDirectly).map(
    ([network, outages]) => [network, families.filter((family) => outages[family])] as const,
  );
  return entries.length > 0 ? { leavesDirectly: Object.fromEntries(entries) } : {};
}

/** Current sysctls of each family and link that is changed for the first time. */
function sysctlsBefore(ledger: Ledger, plan: Plan, facts: Facts): Ledger['sysctls'] {
  const switched = plan.steps.flatMap((step) =>
    step.do.kind === 'sysctl' ? Object.keys(step.do.values) : [],
  );
  const first = families.filter(
    (family) => switched.includes(forwardingName[family]) && !(forwardingName[family] in ledger.sysctls),
  );
  const alone = switched.filter((name) => changesAlone(name) && !(name in ledger.sysctls));
  return Object.fromEntries([
    ...alone.map((name) => [name, facts.sysctls[name] ?? '0'] as const),
    ...first.flatMap((family) => Object.entries(forwardingSysctls(family, facts.sysctls))),
  ]);
}

/** Sysctls without those of families and links that have been restored. */
function sysctlsAfter(
  { sysctls }: Ledger,
  wanted: readonly HostObject[],
  facts: Pick<Facts, 'sysctls'>,
): Ledger['sysctls'] {
  const restored = new Set(
    wanted.flatMap((object) =>
      object.kind === 'sysctl' && object.value === sysctls[object.name] ? [object.name] : [],
    ),
  );
  const kept = families.filter((family) => !restored.has(forwardingName[family]));
  return Object.fromEntries([
    // The sysctls of a link disappear with it.
    ...Object.entries(sysctls).filter(
      ([name]) => changesAlone(name) && !restored.has(name) && name in facts.sysctls,
    ),
    ...kept.flatMap((family) => Object.entries(forwardingSysctls(family, sysctls))),
  ]);
}

/** Original file before our edit, if it has not been changed since. */
export function keptOriginal(
  { networks }: Ledger,
  engine: EngineName,
  name: string,
  content: string,
): string | undefined {
  const kept = networks.find((network) => sameNetwork(network, { engine, name }));
  return kept?.edited?.ours === content ? kept.edited.original : undefined;
}

function withEdit(
  ledger: Ledger,
  engine: EngineName,
  name: string,
  edited: NonNullable<LedgerNetwork['edited']>,
): Ledger {
  const kept = ledger.networks.find((network) => sameNetwork(network, { engine, name }));
  const entry: LedgerNetwork = {
    engine,
    name,
    subnets: kept?.subnets ?? [],
    created: kept?.created ?? false,
    edited,
  };
  return { ...ledger, networks: [...ledger.networks.filter((network) => network !== kept), entry] };
}

type NetworkKey = Pick<LedgerNetwork, 'engine' | 'name'>;

function sameNetwork(a: NetworkKey, b: NetworkKey): boolean {
  return a.engine === b.engine && a.name === b.name;
}
