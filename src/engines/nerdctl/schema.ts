/** Output of nerdctl 1.7 to 2.3: the fields that we need. */
import * as z from 'zod';

/** A line of `nerdctl ps --format '{{json .}}'` */
export const containerSchema = z.object({
  ID: z.string(),
  Names: z.string().default(''),
  /** `Up`, `Exited (0) 3 minutes ago`, `Created` */
  Status: z.string(),
  /** `name=value` with commas between them; among them `nerdctl/networks=["a","b"]` */
  Labels: z.string().default(''),
});

/** The JSON text of a container's networks, which has commas of its own. */
export const networksLabel = /(?:^|,)nerdctl\/networks=(\[[^\]]*\])/;

export const networkNames = z.array(z.string());
