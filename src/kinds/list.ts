/** Lists in the lines of a plan. */

/** more elements than this are counted instead of listed */
const listed = 6;

/** Elements, or how many they are. */
export function printList(items: readonly string[]): string {
  return items.length > listed ? `${items.length} elements` : items.join(', ');
}
