/** Scenario: a host, one or more files, and the expected plan of each. */
import { readFileSync, readdirSync } from 'node:fs';
import { parse } from 'yaml';
import * as z from 'zod';

const containerSchema = z.strictObject({
  name: z.string(),
  running: z.boolean().default(true),
  networks: z.array(z.string()),
});

const runSchema = z.strictObject({
  /** file of the user */
  file: z.string(),
  /** lines of the plan: sign and text */
  plan: z.string().default(''),
  waiting: z.array(z.string()).default([]),
  /** warnings, without hints */
  warnings: z.array(z.string()).default([]),
  /** what is blocked until it is ready, without hints */
  notReady: z.array(z.string()).default([]),
  /** reasons to refuse; then nothing is applied */
  refusals: z.array(z.string()).default([]),
  /** containers of the engine from this run on */
  containers: z.array(containerSchema).exactOptional(),
});

const scenarioSchema = z.strictObject({
  /** host of the file */
  host: z.string(),
  links: z.record(
    z.string(),
    z.strictObject({
      addresses: z.array(z.string()).default([]),
      up: z.boolean().default(true),
      /** tunnel: a link without neighbours */
      pointToPoint: z.boolean().default(false),
    }),
  ),
  /** foreign ones, in the syntax of `ip route add` and `ip rule add` */
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
  /** path -> content, for engines whose networks are files */
  files: z.record(z.string(), z.string()).default({}),
  /** Docker's forward policy and chain DOCKER-USER */
  dockerForwards: z.boolean().default(false),
  /** why the scenario does not run on a real kernel */
  fakeOnly: z.string().exactOptional(),
  runs: z.array(runSchema).min(1),
  /** plan of `destroy` without containers */
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
