/** Plan for a host without our objects: the complete plan, also after apply. */
import { desiredState } from '../desired/desired.ts';
import { makePlan } from '../plan/make-plan.ts';
import type { Plan } from '../plan/step.ts';
import type { Spec } from '../spec/spec.ts';
import { actualState } from '../state/actual.ts';
import type { Facts, NetworkFacts } from '../state/facts.ts';
import { forwardingName, isValidMark } from '../state/settings.ts';
import type { HostRole } from '../topology/role.ts';

/** @param facts facts of the host; its links and the tables and marks allocated on it are kept */
export function planFromScratch(role: HostRole, gateways: Spec['gateways'], facts: Facts): Plan {
  const before = withoutOurObjects(facts);
  const desired = desiredState(role, gateways, before);
  const actual = actualState(
    before,
    desired.wanted.map(({ object }) => object),
  );
  return makePlan(actual, desired, {});
}

function withoutOurObjects(facts: Facts): Facts {
  return {
    ...facts,
    owned: [],
    // Kernel default. Where the setting is already on, the step changes nothing.
    sysctls: {
      [forwardingName[4]]: '0',
      [forwardingName[6]]: '0',
      ...Object.fromEntries(
        Object.keys(facts.sysctls)
          .filter(isValidMark)
          .map((name) => [name, '0']),
      ),
    },
    ledger: { ...facts.ledger, sysctls: {}, networks: [] },
    networks: facts.networks.map(asMissing),
  };
}

/** Treats existing networks as missing, too: the script checks for a network before it creates it. */
function asMissing({ masquerade, ...network }: NetworkFacts): NetworkFacts {
  return {
    ...network,
    exists: false,
    subnets: [],
    attached: [],
    ...(masquerade ? { masquerade: { ...masquerade, enabled: true } } : {}),
  };
}
