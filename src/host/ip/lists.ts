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
  /** a kernel without policies says so */
  readonly xfrm: boolean;
}

/** Policies last: where the kernel has none that is an error, and the others have been printed before it. */
const lines = ['rule show', 'route show table all', 'xfrm policy list'] as const;

export async function readIpLists(exec: Exec, family: Family): Promise<IpLists> {
  const argv = ['ip', '-j', '-N', `-${family}`];
  const output = await exec.run([...argv, '-batch', '-'], { input: batchText(lines) });
  const failed = output.exitCode === 0 ? undefined : whichFailed(output);
  const commands = lines.map((line) => [...argv, ...line.split(' ')]);
  if (failed !== undefined && !lacksPolicies(failed, output)) {
    throw ipError(commands[failed] ?? argv, outputOfLine(output));
  }
  const { rules, routes, policies } = cutLists(output.stdout);
  const [ruleCommand = [], routeCommand = [], policyCommand = []] = commands;
  return {
    rules: decodeRules(ruleCommand, rules, family),
    routes: decodeRoutes(routeCommand, routes, family),
    policies: decodePolicies(policyCommand, policies.trimStart()),
    xfrm: failed === undefined,
  };
}

/** `ip xfrm` ends the whole batch, and no line is named; nor is one where ip does not come as far as the first. */
function whichFailed(output: Output): number {
  return failedLine(output) ?? output.stdout.match(/^\[.*\]$/gm)?.length ?? 0;
}

/** What socket(2) says where the kernel was built without them. */
function lacksPolicies(failed: number, { stderr }: Output): boolean {
  return lines[failed] === 'xfrm policy list' && stderr.includes('Protocol not supported');
}

/** Two lists are a line of JSON each, or nothing where they are empty; `ip xfrm` prints none, and is the rest. */
function cutLists(stdout: string): { rules: string; routes: string; policies: string } {
  const [rules, behindRules] = cutLine(stdout);
  const [routes, policies] = cutLine(behindRules);
  return { rules, routes, policies };
}

function cutLine(text: string): [line: string, rest: string] {
  const trimmed = text.trimStart();
  if (trimmed.startsWith('src ')) return ['', trimmed];
  const end = trimmed.indexOf('\n');
  return end < 0 ? [trimmed, ''] : [trimmed.slice(0, end), trimmed.slice(end + 1)];
}
