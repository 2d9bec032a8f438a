/** The parts of docs/performance.md that a run writes. What stands around them stays. */
import type { Plot } from './plot/plot.ts';
import type { Result } from './result.ts';
import { checkTable, valueTable } from './table.ts';

/** Where the plots are, seen from the page. */
export const plotFolder = 'performance';

export function sectionOf(title: string, result: Result, plots: readonly Plot[]): string {
  const pictures = plots.map((plot) => `![${plot.title}](${plotFolder}/${plot.name}.svg)`);
  return [
    `## ${title}`,
    checkTable(result.checks),
    ...pictures,
    valueTable(result.series),
    originOf(result),
  ].join('\n\n');
}

function originOf({ part, run, machine, versions }: Result): string {
  return `Measured at ${run.date.slice(0, 16).replace('T', ' ')} UTC in ${Math.round(run.seconds)} s, from a load of ${(run.load ?? 0).toFixed(1)} on, on ${machine.cores} cores of ${machine.processor}, ${machine.memory}: mustredirect ${versions.project} (${versions.commit}),
Linux ${versions.kernel}, nft ${versions.nft}, iproute2 ${versions.iproute2}, iptables ${versions.iptables}, Node.js ${versions.node}. Every sample: [${part}.json](../bench/results/${part}.json).`;
}

/** Puts a part's section between its marks; a page that has none of them gets them at its end. */
export function withSection(page: string, name: string, section: string): string {
  const [open, close] = [`<!-- ${name} -->`, `<!-- /${name} -->`];
  const block = `${open}\n\n${section}\n\n${close}`;
  const [start, end] = [page.indexOf(open), page.indexOf(close)];
  if (start === -1 || end < start) return `${page.trimEnd()}\n\n${block}\n`;
  return `${page.slice(0, start)}${block}${page.slice(end + close.length)}`;
}
