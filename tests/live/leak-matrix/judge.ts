/** Faults in a cell or in the control, one line each; empty when the result is as expected. */
import type { Cell } from './cell.ts';
import { families } from './families.ts';
import { countElsewhere, listSeen } from './watch.ts';

export function faultsOf({ event, seen, checked, applyFailed, mended }: Cell): readonly string[] {
  const { names = [], leaks = false } = event;
  const missing = names.filter((name) => !checked.said.includes(name));
  const exitCode = names.length > 0 ? 3 : 0;
  const tight = families.filter((family) => leaks && countElsewhere(seen, family) === 0);
  const broken = families.filter((family) => !mended[family]);
  return [
    ...(leaks ? [] : listSeen(seen)),
    ...tight.map((family) => `without any layer nothing of IPv${family} leaks: then it proves nothing`),
    ...(checked.exitCode === exitCode ? [] : [`status --check: exit ${checked.exitCode}: ${checked.said}`]),
    ...missing.map((name) => `status --check does not name ${name}: ${checked.said}`),
    ...(applyFailed === '' ? [] : [`apply: ${applyFailed}`]),
    ...broken.map((family) => `not everything of IPv${family} comes by the declared way again`),
  ];
}
