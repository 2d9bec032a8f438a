/** Routes, and choices of members in the nft table, that other verdicts on members change, worked out from what an earlier read of the host has found. */
import { desiredState } from '../desired/desired.ts';
import type { Desired } from '../desired/desired.ts';
import type { Verdicts } from '../health/verdict.ts';
import { isAlike } from '../kinds/alike.ts';
import { type HostObject, objectKey } from '../kinds/index.ts';
import { isMemberChoice } from '../kinds/nft-table/set-name.ts';
import { ownNftTable } from '../kinds/ownership.ts';
import type { Spec } from '../spec/spec.ts';
import { actualState } from '../state/actual.ts';
import type { Facts } from '../state/facts.ts';
import type { HostRole } from '../topology/role.ts';
import { makePlan } from './make-plan.ts';
import type { Plan } from './step.ts';

/** Facts and objects from one read of the host, and its desired state. */
export interface ReadState {
  readonly facts: Facts;
  readonly desired: Desired;
  readonly actual: readonly HostObject[];
}

export interface RouteChanges {
  readonly plan: Plan;
  /** what a read would find after the plan */
  readonly after: ReadState;
}

/** @returns undefined when anything but the choice among members differs: only a run can change that */
export function routeChanges(
  { role, gateways }: { readonly role: HostRole; readonly gateways: Spec['gateways'] },
  before: ReadState,
  verdicts: Verdicts,
): RouteChanges | undefined {
  const facts = { ...before.facts, verdicts };
  const desired = desiredState(role, gateways, facts);
  const wanted = desired.wanted.map(({ object }) => object);
  const plan = makePlan(actualState(facts, wanted), desired, facts.ledger);
  const onlyChoices = plan.steps.length > 0 && plan.steps.every(({ do: action }) => changesMember(action));
  if (!onlyChoices || desired.refusals.length > 0 || !isAlike(desired.nat, before.desired.nat))
    return undefined;
  const changes = new Map(
    wanted.flatMap((one) => (one.kind === 'route' || isChoice(one) ? [[objectKey(one), one]] : [])),
  );
  const owned = facts.owned.map((object) => changes.get(objectKey(object)) ?? object);
  const changed = { ...facts, owned };
  return { plan, after: { facts: changed, desired, actual: actualState(changed, wanted) } };
}

function isChoice(object: HostObject): boolean {
  return object.kind === 'nft-set' && isMemberChoice(object.name);
}

const elementLine = new RegExp(`^(?:add|delete) element inet ${ownNftTable} (\\S+) `);

/** `replace` and an nft transaction are atomic: packets take one member or the other. */
function changesMember(action: Plan['steps'][number]['do']): boolean {
  if (action.kind === 'ip') return action.lines.every((line) => line.startsWith('route replace '));
  if (action.kind !== 'nft') return false;
  const lines = action.text.trimEnd().split('\n');
  return lines.every((line) => isMemberChoice(elementLine.exec(line)?.[1] ?? ''));
}
