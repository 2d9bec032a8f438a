/** Checks that limits of a flow log have a log. */
import type { Check } from './check-context.ts';
import { problemAt } from './tree.ts';

export const checkLog: Check = ({ draft, keyPosition }) =>
  Object.entries(draft.gateways ?? {}).flatMap(([name, { log, log_limit: limit }]) =>
    limit === undefined || log !== undefined
      ? []
      : [
          problemAt(
            keyPosition(['gateways', name, 'log_limit']),
            'without log, log_limit has no effect: no flow log is kept',
            'add `log: flows`, or leave log_limit out',
          ),
        ],
  );
