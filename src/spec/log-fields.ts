/** Keys of a gateway's flow log: their schemas, and the help that editors show. */
import * as z from 'zod';
import { expected, scaledOf } from './values.ts';

const logWhat = 'flows';
const sizeWhat = 'a size from 16MiB to 16TiB';
const ageWhat = 'an age from 1h to 3650d';

const mebibyte = 1024 ** 2;
const hour = 3_600_000;
export const flowLogDefaults = { size: 1024 * mebibyte, age: 30 * 24 * hour };

export const logShape = {
  log: z
    .literal('flows', expected(logWhat))
    .exactOptional()
    .meta({
      title: 'log',
      description:
        'flows: the agent on a member keeps a log of the flows of redirected networks that pass it: who, with which address before and after source NAT, from when to when, how much. `mustredirect flows` asks it. Needs `mustredirect agent` on the member. Default: no log.',
      examples: ['flows'],
    }),
};

export const logLimitShape = {
  size: scaledOf(sizeWhat, {
    units: { MiB: mebibyte, GiB: 1024 * mebibyte, TiB: 1024 ** 2 * mebibyte },
    least: 16 * mebibyte,
    most: 16 * 1024 ** 2 * mebibyte,
  })
    .default(flowLogDefaults.size)
    .meta({
      title: 'size',
      description: 'Space on disk; the oldest part of the log is removed for it. Default: 1GiB.',
      examples: ['1GiB', '200GiB'],
    }),
  age: scaledOf(ageWhat, { units: { h: hour, d: 24 * hour }, least: hour, most: 3650 * 24 * hour })
    .default(flowLogDefaults.age)
    .meta({
      title: 'age',
      description: 'Time after which a part of the log is removed. Default: 30d.',
      examples: ['30d', '180d', '12h'],
    }),
};

export const logLimitMeta = {
  title: 'log_limit',
  description: 'How much of the flow log is kept, for each member and gateway.',
  examples: [{ size: '200GiB', age: '180d' }],
};
