/** Checks that keys about the choice of a member have an effect. */
import type { Check } from './check-context.ts';
import type { DraftGateway } from './schema.ts';
import { problemAt } from './tree.ts';

const keys = ['mode', 'failback', 'check'] as const;

export const checkFailover: Check = (context) => [
  ...unusedKeys(context),
  ...unusedFlows(context),
  ...unusedWeights(context),
];

const unusedKeys: Check = ({ draft, keyPosition }) =>
  Object.entries(draft.gateways ?? {}).flatMap(([name, gateway]) => {
    const position = (key: (typeof keys)[number]) => keyPosition(['gateways', name, key]);
    const given = keys.filter((key) => gateway[key] !== undefined);
    const { protocol = 'static' } = gateway.routing ?? {};
    if (protocol !== 'static') {
      return given.map((key) =>
        problemAt(
          position(key),
          `with routing by ${protocol}, ${key} has no effect: ${protocol.toUpperCase()} chooses the member`,
          `leave ${key} out, or write \`protocol: static\``,
        ),
      );
    }
    if (given.includes('check') || gateway.mode === 'balance') return [];
    return given.map((key) =>
      problemAt(
        position(key),
        `without check, ${key} has no effect: nodes send to the first member`,
        `add \`check: {}\`, or leave ${key} out`,
      ),
    );
  });

const unusedWeights: Check = ({ draft, keyPosition }) =>
  Object.entries(draft.gateways ?? {}).flatMap(([name, { mode, members = [] }]) =>
    members.flatMap(({ weight }, i) =>
      weight === undefined || mode === 'balance'
        ? []
        : [
            problemAt(
              keyPosition(['gateways', name, 'members', i, 'weight']),
              'without mode balance, weight has no effect: one member has all traffic',
              'write `mode: balance`, or leave weight out',
            ),
          ],
    ),
  );

const unusedFlows: Check = ({ draft, keyPosition }) =>
  Object.entries(draft.gateways ?? {}).flatMap(([name, gateway]) => {
    const unused = whyUnused(gateway);
    return unused ? [problemAt(keyPosition(['gateways', name, 'flows']), unused.message, unused.hint)] : [];
  });

function whyUnused({
  flows = 'keep',
  snat,
  routing,
  check,
  mode,
}: DraftGateway): { readonly message: string; readonly hint: string } | undefined {
  if (flows !== 'keep' && snat === 'none') {
    const message = 'with snat none, flows has no effect: connections live on when the member changes';
    return { message, hint: 'leave flows out' };
  }
  if (flows !== 'drain') return undefined;
  const { protocol = 'static' } = routing ?? {};
  if (protocol !== 'static') {
    const message = `with routing by ${protocol}, connections cannot be drained: ${protocol.toUpperCase()} chooses the member of all packets`;
    return { message, hint: 'write `flows: reset`, or `protocol: static` and `check: {}`' };
  }
  if (check || mode === 'balance') return undefined;
  const message = 'without check, flows drain has no effect: nodes send to the first member';
  return { message, hint: 'add `check: {}`, or write `flows: reset`' };
}
