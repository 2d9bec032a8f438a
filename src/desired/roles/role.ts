/** Input and result of a role: one network or gateway of the file, as a node's or a member's work on this host. */
import type { Facts } from '../../state/facts.ts';
import type { Numbers } from '../allocate/numbers.ts';
import { type LearnedGateways, learnedGateways } from '../bird/daemon.ts';
import type { HostRole } from '../../topology/role.ts';
import { type Balances, balancesOf } from '../routing/balance.ts';
import type { NotReady, Redirect, Refusal } from '../redirect.ts';

/**
 * The redirects of a role, the reasons why parts of it stay closed for now, and the reasons to refuse the whole run.
 */
export interface RoleResult {
  readonly redirects: readonly Redirect[];
  readonly refusals: readonly Refusal[];
  readonly notReady: readonly NotReady[];
}

/** Input of a role, besides its entry in the file. */
export interface RoleContext {
  readonly facts: Facts;
  readonly numbers: Numbers;
  /** gateways whose default the routing daemon learns, and what keeps the daemon from starting */
  readonly learned: LearnedGateways;
  /** gateways whose members share connections */
  readonly balances: Balances;
  /** everything counts as ready: at boot, the closed state is applied before links and addresses exist */
  readonly closing: boolean;
}

export function roleContext(role: HostRole, facts: Facts, numbers: Numbers, closing: boolean): RoleContext {
  return {
    facts,
    numbers,
    learned: learnedGateways(role, facts),
    balances: balancesOf(role, numbers, facts.verdicts),
    closing,
  };
}
