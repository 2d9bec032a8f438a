/** Checks gateways against each other, and the uplinks of their members. */
import type { Check, CheckInput } from './check-context.ts';
import type { Draft } from './schema.ts';
import { type RangedProblem, problemAt } from './tree.ts';

export const checkGateways: Check = (input) => [
  ...checkNumbers(input, 'table'),
  ...checkNumbers(input, 'mark'),
  ...checkUplinks(input),
];

/** Two gateways with the same table would overwrite each other's route. */
function checkNumbers({ draft, valuePosition }: CheckInput, key: 'table' | 'mark'): RangedProblem[] {
  const first = new Map<number, string>();
  return Object.entries(draft.gateways ?? {}).flatMap(([gateway, { [key]: value }]) => {
    if (value === undefined) return [];
    const other = first.get(value);
    if (other === undefined) {
      first.set(value, gateway);
      return [];
    }
    const line = valuePosition(['gateways', other, key]).line;
    const message = `${key} 0x${value.toString(16)} is that of gateway ${other} (line ${line})`;
    return [
      problemAt(valuePosition(['gateways', gateway, key]), message, `choose another, or leave ${key} out`),
    ];
  });
}

function checkUplinks({ draft, valuePosition }: CheckInput): RangedProblem[] {
  return Object.entries(draft.gateways ?? {}).flatMap(([gateway, { members = [] }]) =>
    members.flatMap(({ host, uplink }, i) => {
      const path = ['gateways', gateway, 'members', i, 'uplink'];
      const problems: RangedProblem[] = [];
      if (uplink?.device === 'lo') {
        const hint = 'name the device that leads to the outside';
        problems.push(
          problemAt(valuePosition([...path, 'device']), 'lo leads back to the host itself', hint),
        );
      }
      const own = host === undefined ? [] : addressesOf(draft, host);
      const farEnds = [
        [['via'], uplink?.via ?? [], 'name the neighbour at the other end of the link, or leave via out'],
        [
          ['routing', 'neighbor'],
          uplink?.routing?.neighbor ?? [],
          'name the router at the far end of the uplink',
        ],
      ] as const;
      for (const [key, addresses, hint] of farEnds) {
        for (const [j, address] of addresses.entries()) {
          if (!own.includes(address)) continue;
          const message = `${address} is the address of ${host} itself`;
          problems.push(problemAt(valuePosition([...path, ...key, j]), message, hint));
        }
      }
      return problems;
    }),
  );
}

function addressesOf({ hosts = {} }: Draft, host: string): readonly string[] {
  return Object.hasOwn(hosts, host) ? (hosts[host] ?? []) : [];
}
