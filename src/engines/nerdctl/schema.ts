/** Output of nerdctl 1.7 to 2.3, reduced to the fields that we need. */
import * as z from 'zod';

/** Line of `nerdctl ps --format '{{json .}}'` */
export const containerSchema = z.object({
  ID: z.string(),
  Names: z.string().default(''),
  /** `Up`, `Exited (0) 3 minutes ago`, `Created` */
  Status: z.string(),
  /** `name=value` separated by commas; one of them is `nerdctl/networks=["a","b"]` */
  Labels: z.string().default(''),
});

/** JSON text of a container's networks, which contains commas itself. */
export const networksLabel = /(?:^|,)nerdctl\/networks=(\[[^\]]*\])/;

export const networkNames = z.array(z.string());
