/** The type of a check of the file's meaning, and what it is given. */
import type { PlacedSubnet } from './placed.ts';
import type { Draft } from './schema.ts';
import type { Suggest } from './suggest.ts';
import type { Path, Place, PlacedProblem } from './tree.ts';

/** What a check gets. */
export interface Checked extends Given {
  /** redirected subnets, in the order of the file */
  readonly subnets: readonly PlacedSubnet[];
  /** those of families that go somewhere */
  readonly openSubnets: readonly PlacedSubnet[];
}

export interface Given {
  readonly draft: Draft;
  /** all hosts and gateways of the file, also those not in the draft; nothing when some may be missing */
  readonly hosts: readonly string[] | undefined;
  readonly gateways: readonly string[] | undefined;
  readonly valuePlace: (path: Path) => Place;
  readonly keyPlace: (path: Path) => Place;
  readonly suggest: Suggest;
}

export type Check = (checked: Checked) => PlacedProblem[];
