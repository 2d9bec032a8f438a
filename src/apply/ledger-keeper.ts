/** Keeps the ledger true while a plan runs: what must be given back is written down before it is changed. */
import { families } from '../address/cidr.ts';
import type { Desired } from '../desired/desired.ts';
import { factsOf } from '../desired/engines/network-facts.ts';
import { readLedger, writeLedger } from '../host/files/ledger-store.ts';
import type { Files } from '../host/ports.ts';
import type { Plan } from '../plan/step.ts';
import type { EngineName } from '../spec/spec.ts';
import type { Facts } from '../state/facts.ts';
import type { Ledger, LedgerNetwork } from '../state/ledger.ts';
import type { HostObject } from '../kinds/index.ts';
import { forwardingName, isValidMark, settingsOf } from '../state/settings.ts';

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
    if (JSON.stringify(next) === JSON.stringify(ledger)) return;
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

/** The ledger for the time that the plan runs: all that it may have to give back. */
export function ledgerBefore(ledger: Ledger, desired: Desired, plan: Plan, facts: Facts): Ledger {
  const actions = plan.steps.map((step) => step.do);
  const created = actions.flatMap((action): LedgerNetwork[] => {
    if (action.kind !== 'create-network') return [];
    const { engine, name, subnets } = action;
    return [{ engine, name, subnets, created: true }];
  });
  const forgotten = actions.flatMap((action) => ('flows' in action ? action.flows : []));
  return {
    ...ledger,
    ...desired.numbers,
    gateways: { ...ledger.gateways, ...desired.numbers.gateways },
    sysctls: { ...ledger.sysctls, ...settingsBefore(ledger, plan, facts) },
    // Should this run be cut off between its last change and forgetting, the next one knows.
    ...(forgotten.length > 0 ? { forget: forgotten } : {}),
    networks: [
      ...ledger.networks
        .filter((kept) => !created.some((made) => sameNetwork(made, kept)))
        .map((kept) => (isReplaced(kept, facts) ? notOurs(kept) : kept)),
      ...created,
    ],
  };
}

/** Somebody has made another in place of the one that we made: what we change of it from now on is given back to him. */
function isReplaced(kept: LedgerNetwork, facts: Facts): boolean {
  const found = factsOf(kept, facts);
  return kept.created && found?.exists === true && !found.ours;
}

function notOurs({ engine, name, subnets }: LedgerNetwork): LedgerNetwork {
  return { engine, name, subnets, created: false };
}

/** The ledger when all is done: only what is still to be given back. */
export function ledgerAfter(ledger: Ledger, desired: Desired, facts: Facts): Ledger {
  const { silentEngines = {} } = facts;
  const still = desired.wanted.map(({ object }) => object);
  const networks = ledger.networks.filter(
    (kept) =>
      kept.engine in silentEngines ||
      still.some(
        (object) =>
          (object.kind === 'engine-network' && object.engine === kept.engine && object.name === kept.name) ||
          (object.kind === 'engine-masquerade' && !object.enabled && object.network === kept.name),
      ),
  );
  return {
    ...desired.numbers,
    sysctls: settingsAfter(ledger, still, facts),
    ...(Object.keys(desired.bridges).length > 0 ? { bridges: desired.bridges } : {}),
    networks,
  };
}

/** Of each family, and of each link, that is switched for the first time, the settings as they are now. */
function settingsBefore(ledger: Ledger, plan: Plan, facts: Facts): Ledger['sysctls'] {
  const switched = plan.steps.flatMap((step) =>
    step.do.kind === 'sysctl' ? Object.keys(step.do.values) : [],
  );
  const first = families.filter(
    (family) => switched.includes(forwardingName[family]) && !(forwardingName[family] in ledger.sysctls),
  );
  return Object.assign(
    Object.fromEntries(
      switched
        .filter((name) => isValidMark(name) && !(name in ledger.sysctls))
        .map((name) => [name, facts.sysctls[name] ?? '0']),
    ),
    ...first.map((family) => settingsOf(family, facts.sysctls)),
  ) as Ledger['sysctls'];
}

/** All but those of families and links that have been given back. */
function settingsAfter(
  { sysctls }: Ledger,
  still: readonly HostObject[],
  facts: Pick<Facts, 'sysctls'>,
): Ledger['sysctls'] {
  const givenBack = new Set(
    still.flatMap((object) =>
      object.kind === 'sysctl' && object.value === sysctls[object.name] ? [object.name] : [],
    ),
  );
  const kept = families.filter((family) => !givenBack.has(forwardingName[family]));
  return Object.assign(
    // A link that is gone has no setting any more.
    Object.fromEntries(
      Object.entries(sysctls).filter(
        ([name]) => isValidMark(name) && !givenBack.has(name) && name in facts.sysctls,
      ),
    ),
    ...kept.map((family) => settingsOf(family, sysctls)),
  ) as Ledger['sysctls'];
}

/** The file as it was before our edit, when nobody has changed it since. */
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
