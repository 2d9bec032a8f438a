/** What is wrong with a cell, or with the control, one line each; nothing when all is as it must be. */
import type { Cell } from './cell.ts';
import { countElsewhere, listSeen } from './watch.ts';

export function faultsOf({ event, seen, checked, applyFailed, mended }: Cell): readonly string[] {
  const { names = [], leaks = false } = event;
  const missing = names.filter((name) => !checked.said.includes(name));
  const exitCode = names.length > 0 ? 3 : 0;
  return [
    ...(leaks ? [] : listSeen(seen)),
    ...(leaks && countElsewhere(seen) === 0
      ? ['without any layer nothing leaks: then it proves nothing']
      : []),
    ...(checked.exitCode === exitCode ? [] : [`status --check: exit ${checked.exitCode}: ${checked.said}`]),
    ...missing.map((name) => `status --check does not name ${name}: ${checked.said}`),
    ...(applyFailed === '' ? [] : [`apply: ${applyFailed}`]),
    ...(mended ? [] : ['not everything comes by the declared way again']),
  ];
}
