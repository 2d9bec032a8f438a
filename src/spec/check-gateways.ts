/** Gateways among themselves, and the uplinks of their members. */
import type { Check, Checked } from './check-context.ts';
import { type PlacedProblem, problemAt } from './tree.ts';

export const checkGateways: Check = (checked) => [
  ...checkNumbers(checked, 'table'),
  ...checkNumbers(checked, 'mark'),
  ...checkUplinks(checked),
];

/** Two gateways with one table would take each other's route. */
function checkNumbers({ draft, valuePlace }: Checked, key: 'table' | 'mark'): PlacedProblem[] {
  const first = new Map<number, string>();
  return Object.entries(draft.gateways ?? {}).flatMap(([gateway, { [key]: value }]) => {
    if (value === undefined) return [];
    const other = first.get(value);
    if (other === undefined) {
      first.set(value, gateway);
      return [];
    }
    const line = valuePlace(['gateways', other, key]).line;
    const message = `${key} 0x${value.toString(16)} is that of gateway ${other} (line ${line})`;
    return [
      problemAt(valuePlace(['gateways', gateway, key]), message, `choose another, or leave ${key} out`),
    ];
  });
}

function checkUplinks({ draft, valuePlace }: Checked): PlacedProblem[] {
  return Object.entries(draft.gateways ?? {}).flatMap(([gateway, { members = [] }]) =>
    members.flatMap(({ host, uplink }, i) => {
      const path = ['gateways', gateway, 'members', i, 'uplink'];
      const problems: PlacedProblem[] = [];
      if (uplink?.device === 'lo') {
        const hint = 'name the device that leads to the outside';
        problems.push(problemAt(valuePlace([...path, 'device']), 'lo leads back to the host itself', hint));
      }
      const own = host === undefined ? [] : addressesOf(draft, host);
      for (const [j, via] of (uplink?.via ?? []).entries()) {
        if (!own.includes(via)) continue;
        const hint = 'name the neighbour at the other end of the link, or leave via out';
        problems.push(
          problemAt(valuePlace([...path, 'via', j]), `${via} is the address of ${host} itself`, hint),
        );
      }
      return problems;
    }),
  );
}

function addressesOf({ hosts = {} }: Checked['draft'], host: string): readonly string[] {
  return Object.hasOwn(hosts, host) ? (hosts[host] ?? []) : [];
}
