/** What names and addresses mean together. Each check is on its own, and passes over what is missing. */
import { checkAddresses } from './check-addresses.ts';
import { checkEngines } from './check-engines.ts';
import { checkFamilies } from './check-families.ts';
import { checkGateways } from './check-gateways.ts';
import { checkPublish } from './check-publish.ts';
import { checkReferences } from './check-references.ts';
import { checkRoutes } from './check-routes.ts';
import { checkSubnets } from './check-subnets.ts';
import type { Draft } from './schema.ts';
import type { Suggest } from './suggest.ts';
import type { Path, Place, PlacedProblem } from './tree.ts';

/** What a check gets. */
export interface Checked {
  readonly draft: Draft;
  /** all hosts and gateways of the file, also those not in the draft; nothing when some may be missing */
  readonly hosts: readonly string[] | undefined;
  readonly gateways: readonly string[] | undefined;
  readonly valuePlace: (path: Path) => Place;
  readonly keyPlace: (path: Path) => Place;
  readonly suggest: Suggest;
}

export type Check = (checked: Checked) => PlacedProblem[];

const checks: readonly Check[] = [
  checkAddresses,
  checkSubnets,
  checkReferences,
  checkEngines,
  checkFamilies,
  checkGateways,
  checkRoutes,
  checkPublish,
];

export function checkMeaning(checked: Checked): PlacedProblem[] {
  return checks.flatMap((check) => check(checked));
}
