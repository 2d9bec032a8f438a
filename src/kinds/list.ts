/** Lists in lines of a plan. */

/** longer lists are counted instead of printed */
const listed = 6;

/** Prints elements, or their number. */
export function printList(items: readonly string[]): string {
  return items.length > listed ? `${items.length} elements` : items.join(', ');
}
