/** The matrix is of both families at once: whatever happens, happens to both, and each is counted apart. */
import type { Family } from '../../../src/address/cidr.ts';
import { exampleFile as fileOf } from '../../../src/lab/example-file.ts';
import type { World } from '../../../src/lab/world.ts';

export const families = [4, 6] as const satisfies readonly Family[];

/** The example file with both. */
export function exampleFile({ engine }: Pick<World, 'engine'>): string {
  return fileOf(engine.engine, { families });
}

/** With so many networks that a mark steers. */
export function crowdedFile({ engine }: Pick<World, 'engine'>): string {
  return fileOf(engine.engine, { families, more: 16 });
}

export function eachFamily<T>(make: (family: Family) => T): Readonly<Record<Family, T>> {
  return { 4: make(4), 6: make(6) };
}

/** The same for both, as a script: `ip rule flush` is `ip -4 rule flush; ip -6 rule flush`. */
export function both(command: string): string {
  return families.map((family) => command.replaceAll(/\bip /g, `ip -${family} `)).join('; ');
}

/** An object as `status --check` names it when it is not there. */
export function missing(family: Family, object: string): string {
  return family === 4 ? `+ ${object}` : `+ IPv6 ${object}`;
}
