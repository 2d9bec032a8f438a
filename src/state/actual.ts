/** The state found, cut to what the wanted one speaks of: our own objects, and the settings that we share. */
import type { Facts, NetworkFacts } from './facts.ts';
import type { EngineNetwork } from '../kinds/engine-network/schema.ts';
import type { HostObject } from '../kinds/index.ts';
import type { Sysctl } from '../kinds/sysctl/schema.ts';
import { familyOfSetting, isValidMark, settingsOf } from './settings.ts';

/** @param wanted decides of which shared settings the plan may speak */
export function actualState(facts: Facts, wanted: readonly HostObject[]): HostObject[] {
  const settings = wanted.flatMap((object): HostObject[] => {
    if (object.kind === 'sysctl') {
      if (isValidMark(object.name)) return validMark(object, facts);
      const own = settingsOf(familyOfSetting(object.name), facts.sysctls);
      const { [object.name]: value, ...alongside } = own;
      return value === undefined ? [] : [{ kind: 'sysctl', name: object.name, value, alongside }];
    }
    if (object.kind !== 'engine-masquerade') return [];
    const found = facts.networks.find((n) => n.engine === object.engine && n.name === object.network);
    return found?.masquerade ? [{ ...object, enabled: found.masquerade.enabled }] : [];
  });
  return [...facts.owned, ...settings, ...switchedOff(facts, wanted), ...engineNetworks(facts, wanted)];
}

function validMark(object: Sysctl, { sysctls }: Facts): Sysctl[] {
  const value = sysctls[object.name];
  return value === undefined ? [] : [{ ...object, value }];
}

/** Masquerades that we switched off in networks that we created and that are about to go with them. */
function switchedOff(facts: Facts, wanted: readonly HostObject[]): HostObject[] {
  return facts.ledger.networks.flatMap(({ engine, name, created, edited }): HostObject[] => {
    const spokenOf = wanted.some(
      (o) => o.kind === 'engine-masquerade' && o.engine === engine && o.network === name,
    );
    const found = facts.networks.find((n) => n.engine === engine && n.name === name);
    const ours = created && edited !== undefined && found?.ours === true;
    if (!ours || spokenOf || !found.masquerade || found.masquerade.enabled) return [];
    return [{ kind: 'engine-masquerade', engine, network: name, ...found.masquerade }];
  });
}

/** Networks of the file, and those that we created; all others are none of our business. */
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

/** A network as its engine has it. */
export function storedNetwork({ engine, name, subnets, mtu, dropsAnswers }: NetworkFacts): EngineNetwork {
  return {
    kind: 'engine-network',
    engine,
    name,
    subnets,
    ...(mtu === undefined ? {} : { mtu }),
    ...(dropsAnswers?.trusted.length ? { trusted: dropsAnswers.trusted } : {}),
  };
}
