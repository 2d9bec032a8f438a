/** The plan of a host that has nothing of ours yet: the whole of it, also after apply. */
import { desiredState } from '../desired/desired.ts';
import { makePlan } from '../plan/make-plan.ts';
import type { Plan } from '../plan/step.ts';
import type { Spec } from '../spec/spec.ts';
import { actualState } from '../state/actual.ts';
import type { Facts, NetworkFacts } from '../state/facts.ts';
import { forwardingName, isValidMark } from '../state/settings.ts';
import type { HostRole } from '../topology/role.ts';

/** @param facts of the host as it is; its links, and the tables and marks that were chosen for it, stay */
export function planFromScratch(role: HostRole, gateways: Spec['gateways'], facts: Facts): Plan {
  const before = fromScratch(facts);
  const desired = desiredState(role, gateways, before);
  const actual = actualState(
    before,
    desired.wanted.map(({ object }) => object),
  );
  return makePlan(actual, desired);
}

function fromScratch(facts: Facts): Facts {
  return {
    ...facts,
    owned: [],
    // The kernel's default. Whoever has it on already loses nothing by a step that sets it.
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
    networks: facts.networks.map(notThereYet),
  };
}

/** Also those that were there before us: the script asks before it creates one. */
function notThereYet({ masquerade, ...network }: NetworkFacts): NetworkFacts {
  return {
    ...network,
    exists: false,
    subnets: [],
    attached: [],
    ...(masquerade ? { masquerade: { ...masquerade, enabled: true } } : {}),
  };
}
