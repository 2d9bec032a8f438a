/** Lines for `ip -batch`, with numbers only: one unknown name would end the batch half way. */
import { anywhere } from '../address/cidr.ts';
import { type Route, type Rule, type XfrmPolicy, hex, ruleAction, ruleSelector } from '../state/objects.ts';
import { ownPriorities, ownProtocol } from '../state/ownership.ts';

export function addRule(rule: Rule): string {
  return `rule add ${ruleText(rule)}`;
}

export function deleteRule(rule: Rule): string {
  return `rule delete ${ruleText(rule)}`;
}

export function addRoute(route: Route): string {
  return `route add ${routeText(route)}`;
}

/** Atomic: there is no moment without a route. */
export function replaceRoute(route: Route): string {
  return `route replace ${routeText(route)}`;
}

export function deleteRoute(route: Route): string {
  return `route delete ${routeText(route)}`;
}

export function addPolicy(policy: XfrmPolicy): string {
  const [action, priority] =
    policy.bit === undefined
      ? (['block', ownPriorities.block] as const)
      : (['allow', ownPriorities.allow] as const);
  return `xfrm policy add ${policySelector(policy)} priority ${priority} action ${action}${policyMark(policy)}`;
}

export function deletePolicy(policy: XfrmPolicy): string {
  return `xfrm policy delete ${policySelector(policy)}${policyMark(policy)}`;
}

function policySelector({ family, from }: XfrmPolicy): string {
  return `src ${from} dst ${anywhere[family]} dir fwd`;
}

/** iproute2 6.1 cannot name a mark of zero when it deletes: so none of ours has one. */
function policyMark({ bit }: XfrmPolicy): string {
  return bit === undefined ? '' : ` mark ${hex(bit)} mask ${hex(bit)}`;
}

function ruleText(rule: Rule): string {
  return `preference ${rule.preference} ${ruleSelector(rule)} ${ruleAction(rule)} protocol ${ownProtocol}`;
}

function routeText({ target, destination, table, metric }: Route): string {
  return [
    target.kind === 'unreachable' ? `unreachable ${destination}` : destination,
    ...(target.kind === 'unicast' && target.via !== undefined ? [`via ${target.via}`] : []),
    ...(target.kind === 'unicast' && target.device !== undefined ? [`dev ${target.device}`] : []),
    `table ${table}`,
    ...(metric > 0 ? [`metric ${metric}`] : []),
    `protocol ${ownProtocol}`,
  ].join(' ');
}
