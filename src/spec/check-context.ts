/** Type of a semantic check of the file, and its input. */
import type { SubnetInFile } from './addresses-in-file.ts';
import type { Draft } from './schema.ts';
import type { Suggest } from './suggest.ts';
import type { Path, SourcePosition, RangedProblem } from './tree.ts';

/** Input of a check. */
export interface CheckInput extends ParsedInput {
  /** redirected subnets, in the order of the file */
  readonly subnets: readonly SubnetInFile[];
  /** subnets of families that are not blocked */
  readonly openSubnets: readonly SubnetInFile[];
}

export interface ParsedInput {
  readonly draft: Draft;
  /** all hosts and gateways of the file, including those missing in the draft; undefined when some may be unknown */
  readonly hosts: readonly string[] | undefined;
  readonly gateways: readonly string[] | undefined;
  readonly valuePosition: (path: Path) => SourcePosition;
  readonly keyPosition: (path: Path) => SourcePosition;
  readonly suggest: Suggest;
}

export type Check = (input: CheckInput) => RangedProblem[];
