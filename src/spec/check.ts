/** What names and addresses mean together. Each check is on its own, and passes over what is missing. */
import { checkAddresses } from './check-addresses.ts';
import { checkAnswers } from './check-answers.ts';
import { checkEngines } from './check-engines.ts';
import { checkFamilies } from './check-families.ts';
import { checkGateways } from './check-gateways.ts';
import { checkPublish } from './check-publish.ts';
import { checkReferences } from './check-references.ts';
import { checkRoutes } from './check-routes.ts';
import { checkSharedUplinks } from './check-shared-uplinks.ts';
import { checkSubnets } from './check-subnets.ts';
import { type PlacedSubnet, openOnes, subnetsOf } from './placed.ts';
import type { Draft } from './schema.ts';
import type { Suggest } from './suggest.ts';
import type { Path, Place, PlacedProblem } from './tree.ts';

/** What a check gets. */
export interface Checked extends Given {
  /** redirected subnets, in the order of the file */
  readonly subnets: readonly PlacedSubnet[];
  /** those of families that go somewhere */
  readonly openSubnets: readonly PlacedSubnet[];
}

export interface Given {
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
  checkAnswers,
  checkSharedUplinks,
];

export function checkMeaning(given: Given): PlacedProblem[] {
  const subnets = subnetsOf(given.draft);
  const checked = { ...given, subnets, openSubnets: openOnes(given.draft, subnets) };
  return checks.flatMap((check) => check(checked));
}
