/** Lines of a text that comes in chunks. */

/** Makes a function that takes a chunk, and returns the lines that it completes. */
export function createLineSplitter(): (text: string) => readonly string[] {
  let rest = '';
  return (text) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    return lines;
  };
}
