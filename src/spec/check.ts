/** Checks across names and addresses. Each check is independent, and skips missing values. */
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
import type { Check, Given } from './check-context.ts';
import { openOnes, subnetsOf } from './placed.ts';
import type { PlacedProblem } from './tree.ts';

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
