/** A change as one line of the plan. */
import type { Family } from '../address/cidr.ts';
import {
  type HostObject,
  type NftChain,
  type NftSet,
  type Route,
  type Rule,
  hex,
  ruleAction,
  ruleSelector,
} from '../state/objects.ts';
import { mainTable } from '../state/ownership.ts';
import { tellsOfOthers } from '../state/subnet-set-name.ts';
import type { Change } from './compare.ts';
import type { PlanLine } from './step.ts';

/** more elements than this are counted instead of listed */
const listed = 6;

export function printChange(change: Change): PlanLine {
  switch (change.kind) {
    case 'add':
      return { sign: '+', text: printObject(change.to), why: change.why };
    case 'remove':
      return { sign: '-', text: printObject(change.from), why: 'not wanted any more' };
    case 'change':
      if (change.to.kind === 'nft-set' && tellsOfOthers(change.to.name)) {
        return { sign: '*', text: printDifference(change.from, change.to), why: change.why };
      }
      return { sign: '~', text: printDifference(change.from, change.to), why: change.why };
  }
}

/** The same without its reason: `+ rule 4200: from 10.89.4.0/24 prohibit`. */
export function changeText(change: Change): string {
  const { sign, text } = printChange(change);
  return `${sign} ${text}`;
}

/** An object in the words of the tool that shows it: `rule 4100: from 10.89.4.0/24 lookup 2184`. */
function printObject(object: HostObject): string {
  switch (object.kind) {
    case 'rule':
      return `${familyWord(object)}rule ${object.preference}: ${ruleSelector(object)} ${ruleAction(object)}`;
    case 'route':
      return `${familyWord(object)}route${object.table === mainTable ? '' : ` in table ${object.table}`}: ${printRoute(object)}`;
    case 'xfrm-policy':
      return object.bit === undefined
        ? `xfrm policy: block what else is forwarded from ${object.from}`
        : `xfrm policy: allow what is forwarded from ${object.from} with mark ${hex(object.bit)}`;
    case 'nft-set':
      return `nft set ${object.name}${object.dynamic ? '' : `: ${printList(object.elements)}`}`;
    case 'nft-chain':
      return `nft chain ${object.name}: ${object.rules.length} ${object.rules.length === 1 ? 'rule' : 'rules'}`;
    case 'iptables-rule':
      return `${programOf(object.family)} ${object.table} ${object.chain}: ${object.args.join(' ')}`;
    case 'sysctl':
      return `sysctl ${object.name} = ${object.value}`;
    case 'engine-network':
      return `${object.engine} network ${object.name}: ${object.subnets.join(', ')}${object.mtu === undefined ? '' : `, mtu ${object.mtu}`}${object.trusted ? `, answers by ${object.trusted.join(', ')}` : ''}`;
    case 'engine-masquerade':
      return `${object.file}: ${object.setting}: ${object.enabled}`;
  }
}

function programOf(family: Family): string {
  return family === 4 ? 'iptables' : 'ip6tables';
}

function printDifference(from: HostObject, to: HostObject): string {
  if (to.kind === 'nft-set' && from.kind === 'nft-set')
    return `nft set ${to.name}: ${printElements(from, to)}`;
  if (to.kind === 'nft-chain' && from.kind === 'nft-chain') {
    return `nft chain ${to.name}: ${printRules(from, to) || printHook(from, to)}`;
  }
  if (to.kind === 'sysctl' && from.kind === 'sysctl') return `${printObject(to)} (was ${from.value})`;
  if (to.kind === 'engine-masquerade' && from.kind === 'engine-masquerade') {
    return `${printObject(to)} (was ${from.enabled})`;
  }
  if (to.kind === 'iptables-rule') return `${printObject(to)}, first in its chain again`;
  if (to.kind === 'route' && from.kind === 'route') return `${printObject(to)} (was ${printRoute(from)})`;
  return printObject(to);
}

function printElements(from: NftSet, to: NftSet): string {
  const added = missingIn(to.elements, from.elements);
  const gone = missingIn(from.elements, to.elements);
  return [
    ...(added.length > 0 ? [`with ${printList(added)}`] : []),
    ...(gone.length > 0 ? [`without ${printList(gone)}`] : []),
    ...printForeign(from),
  ].join(', ');
}

function printHook(from: NftChain, to: NftChain): string {
  const same = JSON.stringify(from.hook) === JSON.stringify(to.hook);
  return same ? 'its rules in order' : 'its hook and policy as they were';
}

/** What of a chain comes and goes, in words that can be found in `nft list`. */
function printRules(from: NftChain, to: NftChain): string {
  return [
    ...missingIn(to.rules, from.rules).map((rule) => `with \`${rule}\``),
    ...missingIn(from.rules, to.rules).map((rule) => `without \`${rule}\``),
    ...printForeign(from),
  ].join(', ');
}

function printForeign({ foreign = [] }: NftSet | NftChain): string[] {
  return foreign.map((part) => `without \`${part}\``);
}

function missingIn(some: readonly string[], others: readonly string[]): string[] {
  const known = new Set(others);
  return some.filter((item) => !known.has(item));
}

/** Not every rule and route shows by its addresses of which family it is. */
function familyWord({ family }: Rule | Route): string {
  return family === 6 ? 'IPv6 ' : '';
}

function printRoute({ destination, target }: Route): string {
  if (target.kind === 'unreachable') return `unreachable ${destination}`;
  return [
    destination,
    ...(target.via === undefined ? [] : [`via ${target.via}`]),
    ...(target.device === undefined ? [] : [`dev ${target.device}`]),
  ].join(' ');
}

/** Elements, or how many they are. */
export function printList(items: readonly string[]): string {
  return items.length > listed ? `${items.length} elements` : items.join(', ');
}
