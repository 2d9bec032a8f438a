/** What a run leaves behind: every sample, what they say, and where they come from. */
import * as z from 'zod';

const series = z.object({
  /** what was measured: `TCP, 1 stream` */
  measure: z.string(),
  unit: z.string(),
  /** whether more of it is better, or less */
  better: z.enum(['more', 'less']),
  /** what it was measured of: `plain`, `by hand`, `mustredirect`, or a command */
  variant: z.string(),
  networks: z.int().positive(),
  /** one for each round, in their order */
  samples: z.array(z.number().positive()).nonempty(),
});
export type Series = z.infer<typeof series>;

const check = z.object({
  what: z.string(),
  unit: z.string(),
  /** median of the rounds, and the quartiles of them */
  value: z.number(),
  spread: z.tuple([z.number(), z.number()]),
  /** nothing: for comparison */
  target: z.object({ kind: z.enum(['at least', 'at most']), value: z.number() }).optional(),
});
export type Check = z.infer<typeof check>;
export type Target = NonNullable<Check['target']>;

export const resultSchema = z.object({
  part: z.string(),
  run: z.object({
    date: z.iso.datetime(),
    seconds: z.number(),
    quick: z.boolean(),
    /** of the machine when it began, where what else is at work matters */
    load: z.number().optional(),
  }),
  machine: z.object({ processor: z.string(), cores: z.int(), memory: z.string() }),
  versions: z.object({
    project: z.string(),
    commit: z.string(),
    kernel: z.string(),
    nft: z.string(),
    iproute2: z.string(),
    iptables: z.string(),
    node: z.string(),
  }),
  series: z.array(series).nonempty(),
  checks: z.array(check),
});
export type Result = z.infer<typeof resultSchema>;

/** What a part measured, without where and when. */
export type Measured = Pick<Result, 'series' | 'checks'>;
