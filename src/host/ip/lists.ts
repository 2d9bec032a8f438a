/** Reads the rules, routes and xfrm policies of a family, all with one `ip`. */
import type { Family } from '../../address/cidr.ts';
import type { XfrmPolicy } from '../../kinds/xfrm-policy/schema.ts';
import { batchText, failedLine, outputOfLine } from './batch.ts';
import { ipError } from './json.ts';
import { type Routes, decodeRoutes } from './routes.ts';
import { type Rules, decodeRules } from './rules.ts';
import { decodePolicies } from './xfrm.ts';
import type { Exec, Output } from '../ports.ts';

export interface IpLists {
  readonly rules: Rules;
  readonly routes: Routes;
  readonly policies: readonly XfrmPolicy[];
  /** whether the kernel supports xfrm policies */
  readonly xfrm: boolean;
}

/** Policies come last: a kernel without them fails here, after the other lists are printed. */
const lines = ['rule show', 'route show table all', 'xfrm policy list'] as const;

export async function readIpLists(exec: Exec, family: Family): Promise<IpLists> {
  const argv = ['ip', '-j', '-N', `-${family}`];
  const output = await exec.run([...argv, '-batch', '-'], { input: batchText(lines) });
  const failed = output.exitCode === 0 ? undefined : whichFailed(output);
  const commands = lines.map((line) => [...argv, ...line.split(' ')]);
  if (failed !== undefined && !lacksPolicies(failed, output)) {
    throw ipError(commands[failed] ?? argv, outputOfLine(output));
  }
  const { rules, routes, policies } = splitLists(output.stdout);
  const [ruleCommand = [], routeCommand = [], policyCommand = []] = commands;
  return {
    rules: decodeRules(ruleCommand, rules, family),
    routes: decodeRoutes(routeCommand, routes, family),
    policies: decodePolicies(policyCommand, policies.trimStart()),
    xfrm: failed === undefined,
  };
}

/**
 * `ip xfrm` ends the batch without a line number, as does an error before the first line: complete lists are counted.
 */
function whichFailed(output: Output): number {
  return failedLine(output) ?? output.stdout.match(/^\[.*\]$/gm)?.length ?? 0;
}

/** Error of socket(2) in a kernel built without xfrm. */
function lacksPolicies(failed: number, { stderr }: Output): boolean {
  return lines[failed] === 'xfrm policy list' && stderr.includes('Protocol not supported');
}

/**
 * Rules and routes are one line of JSON each, or nothing when empty; the rest is output of `ip xfrm`, which has no
 * JSON.
 */
function splitLists(stdout: string): { rules: string; routes: string; policies: string } {
  const [rules, rest] = splitFirstLine(stdout);
  const [routes, policies] = splitFirstLine(rest);
  return { rules, routes, policies };
}

function splitFirstLine(text: string): [line: string, rest: string] {
  const trimmed = text.trimStart();
  if (trimmed.startsWith('src ')) return ['', trimmed];
  const end = trimmed.indexOf('\n');
  return end < 0 ? [trimmed, ''] : [trimmed.slice(0, end), trimmed.slice(end + 1)];
}
