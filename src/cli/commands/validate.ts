import { createFiles } from '../../host/files/files.ts';
import { checkSpec, readSpecText } from '../session/load-spec.ts';
import type { Terminal } from '../terminal/terminal.ts';

export async function validate(
  terminal: Terminal,
  options: { file: string; json?: true | undefined },
): Promise<void> {
  const text = await readSpecText(createFiles(), options.file, terminal);
  const spec = checkSpec(text, options.file, terminal);
  if (options.json) {
    terminal.print(JSON.stringify(spec, null, 2));
    return;
  }
  const counts = [
    [Object.keys(spec.hosts).length, 'host'],
    [Object.keys(spec.networks).length, 'network'],
    [Object.keys(spec.gateways).length, 'gateway'],
  ] as const;
  const counted = counts.map(([n, word]) => `${n} ${word}${n === 1 ? '' : 's'}`).join(', ');
  terminal.print(`${options.file}: ${counted}, no mistakes`);
}
