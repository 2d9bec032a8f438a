/** Checks that somebody finds out when no member of a gateway works, where a network then leaves directly. */
import type { Check } from './check-context.ts';
import { type RangedProblem, problemAt } from './tree.ts';

export const checkWhenDown: Check = ({ draft, keyPosition }) =>
  Object.entries(draft.networks ?? {}).flatMap(
    ([name, { when_down: whenDown, via = '' }]): RangedProblem[] => {
      const gateway = draft.gateways?.[via];
      if (whenDown !== 'direct' || !gateway) return [];
      const position = keyPosition(['networks', name, 'when_down']);
      const { protocol = 'static' } = gateway.routing ?? {};
      if (protocol !== 'static') {
        return [
          problemAt(
            position,
            `with routing by ${protocol}, when_down direct is not possible: nodes do not learn why gateway ${via} announces no route`,
            'leave when_down out, or write `protocol: static` and `check` in the gateway',
          ),
        ];
      }
      if (gateway.check !== undefined) return [];
      return [
        problemAt(
          position,
          `gateway ${via} has no check: nothing finds out that none of its members works`,
          `add \`check: { targets: [ADDRESS, ADDRESS] }\` to gateway ${via}, or leave when_down out`,
        ),
      ];
    },
  );
