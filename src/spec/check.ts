/** Checks across names and addresses. Each check is independent, and skips missing values. */
import { checkAddresses } from './check-addresses.ts';
import { checkReplies } from './check-replies.ts';
import { checkBalance } from './check-balance.ts';
import { checkDiscover } from './check-discover.ts';
import { checkEngines } from './check-engines.ts';
import { checkFailover } from './check-failover.ts';
import { checkFamilies } from './check-families.ts';
import { checkGateways } from './check-gateways.ts';
import { checkInner } from './check-inner.ts';
import { checkLog } from './check-log.ts';
import { checkPublish } from './check-publish.ts';
import { checkReferences } from './check-references.ts';
import { checkRouting } from './check-routing.ts';
import { checkRoutes } from './check-routes.ts';
import { checkSharedUplinks } from './check-shared-uplinks.ts';
import { checkSubnets } from './check-subnets.ts';
import { checkTunnels } from './check-tunnels.ts';
import { checkWhenDown } from './check-when-down.ts';
import type { Check, ParsedInput } from './check-context.ts';
import { openSubnetsOf, subnetsOf } from './addresses-in-file.ts';
import type { RangedProblem } from './tree.ts';

const checks: readonly Check[] = [
  checkAddresses,
  checkSubnets,
  checkReferences,
  checkEngines,
  checkFamilies,
  checkGateways,
  checkRoutes,
  checkPublish,
  checkReplies,
  checkSharedUplinks,
  checkTunnels,
  checkInner,
  checkRouting,
  checkFailover,
  checkWhenDown,
  checkBalance,
  checkLog,
  checkDiscover,
];

export function checkSemantics(parsed: ParsedInput): RangedProblem[] {
  const subnets = subnetsOf(parsed.draft);
  const input = { ...parsed, subnets, openSubnets: openSubnetsOf(parsed.draft, subnets) };
  return checks.flatMap((check) => check(input));
}
