/** A scenario: one host, a file, then perhaps other files, and the plan that each must lead to. */
import { readFileSync, readdirSync } from 'node:fs';
import { parse } from 'yaml';
import * as z from 'zod';

const containerSchema = z.strictObject({
  name: z.string(),
  running: z.boolean().default(true),
  networks: z.array(z.string()),
});

const runSchema = z.strictObject({
  /** what the user wrote */
  file: z.string(),
  /** the plan's lines: sign and text */
  plan: z.string().default(''),
  waiting: z.array(z.string()).default([]),
  /** what will hurt, without what to do about it */
  warnings: z.array(z.string()).default([]),
  /** what is closed until it is ready, without what to do about it */
  notReady: z.array(z.string()).default([]),
  /** reasons to refuse; then nothing is applied */
  refusals: z.array(z.string()).default([]),
  /** those that the engine has from here on */
  containers: z.array(containerSchema).exactOptional(),
});

const scenarioSchema = z.strictObject({
  /** which of the hosts in the file is asked */
  host: z.string(),
  links: z.record(
    z.string(),
    z.strictObject({
      addresses: z.array(z.string()).default([]),
      up: z.boolean().default(true),
      /** a tunnel: no neighbours on it */
      pointToPoint: z.boolean().default(false),
    }),
  ),
  /** of others, as `ip route add` and `ip rule add` take them */
  routes: z.array(z.string()).default([]),
  rules: z.array(z.string()).default([]),
  /** path below /proc/sys -> value */
  sysctls: z.record(z.string(), z.string()).default({}),
  podman: z
    .strictObject({
      backend: z.enum(['cni', 'netavark']),
      networks: z
        .array(
          z.strictObject({
            name: z.string(),
            subnets: z.array(z.string()),
            bridge: z.string(),
            masquerade: z.boolean().exactOptional(),
            mtu: z.number().exactOptional(),
          }),
        )
        .default([]),
    })
    .exactOptional(),
  docker: z
    .strictObject({
      version: z.string().default('20.10.24'),
      networks: z
        .array(
          z.strictObject({
            name: z.string(),
            subnets: z.array(z.string()),
            options: z.record(z.string(), z.string()).exactOptional(),
          }),
        )
        .default([]),
    })
    .exactOptional(),
  /** path -> content, of engines that keep their networks in files of others */
  files: z.record(z.string(), z.string()).default({}),
  /** Docker's policy for what is forwarded, and its chain for the rules of others */
  dockerForwards: z.boolean().default(false),
  /** why it is not run live */
  fakeOnly: z.string().exactOptional(),
  runs: z.array(runSchema).min(1),
  /** the plan of `destroy`, when no container is left */
  destroy: z.string().default(''),
});

export type Scenario = z.infer<typeof scenarioSchema> & { readonly name: string };
export type ScenarioContainer = z.infer<typeof containerSchema>;

const folder = new URL('../scenarios/', import.meta.url);

export function scenarioPath(name: string): URL {
  return new URL(`${name}.yaml`, folder);
}

export function readScenarios(): Scenario[] {
  const names = readdirSync(folder).filter((name) => name.endsWith('.yaml'));
  return names.sort().map((file) => {
    const name = file.slice(0, -'.yaml'.length);
    return { name, ...scenarioSchema.parse(parse(readFileSync(scenarioPath(name), 'utf8'))) };
  });
}
