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

export type ListName = 'rules' | 'routes' | 'policies';

/** Policies come last: a kernel without them fails here, after the other lists are printed. */
const lines: Readonly<Record<ListName, string>> = {
  rules: 'rule show',
  routes: 'route show table all',
  policies: 'xfrm policy list',
};
export const listNames: readonly ListName[] = ['rules', 'routes', 'policies'];

/** @param wanted in the order of `listNames`; the others are returned empty */
export async function readIpLists(
  exec: Exec,
  family: Family,
  wanted: readonly ListName[] = listNames,
): Promise<IpLists> {
  const argv = ['ip', '-j', '-N', `-${family}`];
  const input = batchText(wanted.map((name) => lines[name]));
  const output = await exec.run([...argv, '-batch', '-'], { input });
  const failed = output.exitCode === 0 ? undefined : whichFailed(output);
  const commandOf = (name: ListName): string[] => [...argv, ...lines[name].split(' ')];
  if (failed !== undefined) {
    const name = wanted[failed];
    if (name === undefined || !lacksPolicies(name, output))
      throw ipError(name === undefined ? argv : commandOf(name), outputOfLine(output));
  }
  const { rules, routes, policies } = splitLists(output.stdout, wanted);
  return {
    rules: decodeRules(commandOf('rules'), rules, family),
    routes: decodeRoutes(commandOf('routes'), routes, family),
    policies: decodePolicies(commandOf('policies'), policies.trimStart()),
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
function lacksPolicies(failed: ListName, { stderr }: Output): boolean {
  return failed === 'policies' && stderr.includes('Protocol not supported');
}

/**
 * Rules and routes are one line of JSON each, or nothing when empty; the rest is output of `ip xfrm`, which has no
 * JSON.
 */
function splitLists(stdout: string, wanted: readonly ListName[]): Record<ListName, string> {
  const split = (name: ListName, text: string): [string, string] =>
    wanted.includes(name) ? splitFirstLine(text) : ['', text];
  const [rules, rest] = split('rules', stdout);
  const [routes, policies] = split('routes', rest);
  return { rules, routes, policies };
}

function splitFirstLine(text: string): [line: string, rest: string] {
  const trimmed = text.trimStart();
  if (trimmed.startsWith('src ')) return ['', trimmed];
  const end = trimmed.indexOf('\n');
  return end < 0 ? [trimmed, ''] : [trimmed.slice(0, end), trimmed.slice(end + 1)];
}
