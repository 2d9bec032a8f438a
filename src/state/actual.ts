/** Actual state, reduced to the objects of the desired one: our own objects, and sysctls that we share. */
import type { Facts, NetworkFacts } from './facts.ts';
import type { EngineNetwork } from '../kinds/engine-network/schema.ts';
import type { HostObject } from '../kinds/index.ts';
import { familyOfSysctl, changesAlone, forwardingSysctls } from './settings.ts';

/** @param wanted desired objects: only their sysctls are included */
export function actualState(facts: Facts, wanted: readonly HostObject[]): HostObject[] {
  return [
    ...facts.owned,
    // Few of ten thousand objects are settings.
    ...wanted.filter(isSetting).flatMap((object) => currentSetting(object, facts)),
    ...disabledMasquerade(facts, wanted),
    ...engineNetworks(facts, wanted),
  ];
}

function isSetting({ kind }: HostObject): boolean {
  return kind === 'engine-masquerade' || kind === 'sysctl';
}

function currentSetting(object: HostObject, { sysctls, networks }: Facts): HostObject[] {
  if (object.kind === 'engine-masquerade') {
    const found = networks.find((n) => n.engine === object.engine && n.name === object.network);
    return found?.masquerade ? [{ ...object, enabled: found.masquerade.enabled }] : [];
  }
  if (object.kind !== 'sysctl') return [];
  const { [object.name]: value } = sysctls;
  if (value === undefined) return [];
  if (changesAlone(object.name)) return [{ ...object, value }];
  const { [object.name]: _, ...alongside } = forwardingSysctls(familyOfSysctl(object.name), sysctls);
  return [{ kind: 'sysctl', name: object.name, value, alongside }];
}

/** Masquerade settings that we disabled in networks that we created, and that are removed with them. */
function disabledMasquerade(facts: Facts, wanted: readonly HostObject[]): HostObject[] {
  return facts.ledger.networks.flatMap(({ engine, name, created, edited }): HostObject[] => {
    const inFile = wanted.some(
      (o) => o.kind === 'engine-masquerade' && o.engine === engine && o.network === name,
    );
    const found = facts.networks.find((n) => n.engine === engine && n.name === name);
    const ours = created && edited !== undefined && found?.ours === true;
    if (!ours || inFile || !found.masquerade || found.masquerade.enabled) return [];
    return [{ kind: 'engine-masquerade', engine, network: name, ...found.masquerade }];
  });
}

/** Networks of the file and those that we created; all others are foreign. */
function engineNetworks(facts: Facts, wanted: readonly HostObject[]): HostObject[] {
  return facts.networks
    .filter(({ exists }) => exists)
    .filter(
      ({ engine, name, ours }) =>
        wanted.some((o) => o.kind === 'engine-network' && o.engine === engine && o.name === name) ||
        (ours === true &&
          facts.ledger.networks.some((kept) => kept.created && kept.engine === engine && kept.name === name)),
    )
    .map(storedNetwork);
}

/** Network as its engine has it. */
export function storedNetwork({ engine, name, subnets, mtu, dropsReplies }: NetworkFacts): EngineNetwork {
  return {
    kind: 'engine-network',
    engine,
    name,
    subnets,
    ...(mtu === undefined ? {} : { mtu }),
    ...(dropsReplies?.trusted.length ? { trusted: dropsReplies.trusted } : {}),
  };
}
