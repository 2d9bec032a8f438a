/** Checks that keys about the choice of a member have an effect. */
import type { Check } from './check-context.ts';
import { problemAt } from './tree.ts';

const keys = ['mode', 'failback', 'check'] as const;

export const checkFailover: Check = ({ draft, keyPosition }) =>
  Object.entries(draft.gateways ?? {}).flatMap(([name, gateway]) =>
    gateway.routing?.protocol === 'bgp'
      ? keys
          .filter((key) => gateway[key] !== undefined)
          .map((key) =>
            problemAt(
              keyPosition(['gateways', name, key]),
              `with routing by bgp, ${key} has no effect: BGP chooses the member`,
              `leave ${key} out, or write \`protocol: static\``,
            ),
          )
      : [],
  );
