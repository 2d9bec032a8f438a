/** Describes trials in sentences: which packets are dropped or diverted, by whose rule, and the remedy. */
import type { Hook } from './probe-table.ts';
import type { Trial } from './probe.ts';
import type { Culprit, Outcome } from './judge.ts';
import type { TracedPacket } from '../../host/nft/trace.ts';
import type { Side } from './path.ts';
import type { Finding } from '../doctor.ts';
import { ownerOf, ownerOfRule } from './rule-owner.ts';
import {
  type FindRuleText,
  type NamedCulprit,
  legacyCulprit,
  legacyText,
  named,
  ruleText,
  ownerSuffix,
} from './name-culprit.ts';
import { remedyOfDrop } from './remedy.ts';
import { ipCommand } from '../../kinds/words.ts';

/** Finding, with fields for programs. */
export interface Interference extends Finding {
  readonly kind: 'dropped' | 'diverted' | 'lost';
  readonly direction: 'out' | 'back';
  /** problem without the subjects */
  readonly what: string;
  /** networks, or subnets of gateways, whose packets are affected */
  readonly subjects: readonly string[];
  readonly culprit?: NamedCulprit;
}

/** Result of one trial, without its subject. */
type Statement = Omit<Interference, 'subjects' | 'problem'>;

/** Describes each result once, with all its subjects. */
export function describeTrials(trials: readonly Trial[], lookup: FindRuleText): Interference[] {
  const statements = trials.flatMap((trial) => {
    const statement = stateTrial(trial, trials, lookup);
    return statement ? [{ statement, subject: trial.flow.path.subject.subject }] : [];
  });
  const groups = new Map<string, { readonly statement: Statement; readonly subjects: string[] }>();
  for (const { statement, subject } of statements) {
    const group = groups.get(statement.what) ?? { statement, subjects: [] };
    if (!group.subjects.includes(subject)) group.subjects.push(subject);
    groups.set(statement.what, group);
  }
  return [...groups.values()].map(({ statement, subjects }) => ({
    problem: `${listed(subjects)}: ${statement.what}`,
    ...statement,
    subjects,
  }));
}

function listed(subjects: readonly string[]): string {
  const shown = subjects.slice(0, 3).join('; ');
  return subjects.length > 3 ? `${shown}; and ${subjects.length - 3} more` : shown;
}

function stateTrial(trial: Trial, all: readonly Trial[], lookup: FindRuleText): Statement | undefined {
  const { outcome } = trial;
  const packets = packetsOf(trial, all);
  switch (outcome.kind) {
    case 'arrived':
      return undefined;
    case 'dropped':
      return stateDrop(trial, packets, outcome, lookup);
    case 'diverted':
      return outcome.translated
        ? stateTranslation(trial, packets, { ...outcome, by: outcome.translated }, lookup)
        : stateRoute(trial, packets, outcome.marked, lookup);
    case 'lost':
      if (outcome.where === 'routing') return stateRoute(trial, packets, outcome.marked, lookup);
      return stateLost(trial, packets, outcome.where);
    case 'unseen':
      return stateUnseen(trial, packets);
  }
}

function stateDrop(
  { flow: { path, direction } }: Trial,
  packets: string,
  { by, verdict }: Extract<Outcome, { kind: 'dropped' }>,
  lookup: FindRuleText,
): Statement {
  const verb = verdict.startsWith('queue')
    ? 'are queued for a program that does not give them back'
    : 'are dropped';
  return {
    what: `${packets} ${verb} by ${ruleText(by, lookup)}`,
    remedy: remedyOfDrop(by, path, direction),
    kind: 'dropped',
    direction,
    culprit: named(by, lookup),
  };
}

function stateTranslation(
  { flow: { path, direction } }: Trial,
  packets: string,
  { by, to }: { readonly by: Culprit; readonly to: TracedPacket },
  lookup: FindRuleText,
): Statement {
  return {
    what: `${packets} become packets from ${to.source} to ${to.destination} by ${ruleText(by, lookup)}`,
    remedy: remedyOfDrop(by, path, direction),
    kind: 'diverted',
    direction,
    culprit: named(by, lookup),
  };
}

function stateUnseen({ flow: { path, direction } }: Trial, packets: string): Statement {
  const { device } = direction === 'out' ? path.inner : path.outer;
  return {
    what: `${packets} do not reach nft: something before it drops them`,
    remedy: `look at \`tc filter show dev ${device} ingress\`, \`ip -d link show ${device}\` (XDP) and nft tables of family netdev`,
    kind: 'lost',
    direction,
  };
}

function packetsOf({ flow }: Trial, all: readonly Trial[]): string {
  const others = all.filter(
    ({ flow: other }) =>
      other.port === flow.port && other.direction === flow.direction && other.protocol !== flow.protocol,
  );
  const only = others.some(({ outcome }) => outcome.kind === 'arrived')
    ? `${flow.protocol.toUpperCase()} `
    : '';
  return flow.direction === 'out' ? `${only}packets to the outside` : `${only}replies from the outside`;
}

function sideText({ device, nextHop }: Side): string {
  return nextHop === undefined ? device : `${nextHop} on ${device}`;
}

function stateRoute(
  { flow: { path, direction }, outcome, route }: Trial,
  packets: string,
  marked: Culprit | undefined,
  lookup: FindRuleText,
): Statement {
  const wanted = sideText(direction === 'out' ? path.outer : path.inner);
  const rule = route?.rules[0];
  const mark = outcome.kind === 'diverted' || outcome.kind === 'lost' ? outcome.mark : 0;
  const owner = rule && ownerOfRule(rule);
  const causes = [
    ...(rule ? [`by \`ip rule\` ${rule.preference}: ${rule.text}${ownerSuffix(owner)}`] : []),
    ...(marked ? [`with mark 0x${mark.toString(16)} from ${ruleText(marked, lookup)}`] : []),
  ].join(', ');
  const found = route?.failed
    ? `are not routed (${route.text})`
    : outcome.kind === 'lost'
      ? 'get lost where the kernel routes them'
      : `go ${route?.text ?? 'elsewhere'}`;
  const ip = ipCommand(path.family);
  return {
    what: `${packets} ${found}, and not to ${wanted}${causes === '' ? '' : `, ${causes}`}`,
    remedy: rule
      ? `let it come after our rules: \`${ip} rule add pref 5000 ${rule.text} && ${ip} rule del pref ${rule.preference} ${rule.text}\``
      : `\`${ip} rule\` shows all rules; \`mustredirect status\` says whether ours are there`,
    kind: outcome.kind === 'lost' ? 'lost' : 'diverted',
    direction,
    ...(rule
      ? { culprit: { ...(owner ? { owner } : {}), preference: rule.preference, rule: rule.text } }
      : marked
        ? { culprit: named(marked, lookup) }
        : {}),
  };
}

const tablesOf: Readonly<Record<Hook, readonly string[]>> = {
  prerouting: ['raw', 'mangle', 'nat'],
  input: ['mangle', 'filter', 'security', 'nat'],
  forward: ['mangle', 'filter', 'security'],
  postrouting: ['mangle', 'nat'],
};

function stateLost({ flow: { path, direction }, legacy }: Trial, packets: string, where: Hook): Statement {
  const drop = legacy.find(({ table }) => tablesOf[where].includes(table));
  if (!drop) {
    return {
      what: `${packets} get lost in hook ${where}, and no rule of nft or iptables says why`,
      remedy:
        'something else drops packets here: eBPF, xfrm policies (`ip xfrm policy`), a module of the kernel',
      kind: 'lost',
      direction,
    };
  }
  const culprit = legacyCulprit(drop, where);
  return {
    what: `${packets} are dropped by ${legacyText(drop)}${ownerSuffix(ownerOf(culprit))}`,
    remedy: remedyOfDrop(culprit, path, direction),
    kind: 'dropped',
    direction,
    culprit: named(culprit, () => ({ text: drop.rule })),
  };
}
