/** Runs that are killed: each transition between two states, on the node and on the gateway. */
import { filePath } from '../../../src/lab/example-file.ts';
import { mustSucceed } from '../program.ts';
import type { Step } from './event.ts';
import { exampleFile } from './families.ts';
import type { Journey } from './kill.ts';

type Place = Journey['host'];

const original = (file: string): string => file;
/** File with another gateway, table and mark. */
const another = (file: string): string =>
  `${file.replaceAll('office', 'hq')}    table: 300\n    mark: 0x21\n`;

const write =
  (host: Place, edit: (file: string) => string): Step =>
  (world) =>
    world.hosts[host].files.replace(filePath, edit(exampleFile(world)));

const run =
  (host: Place, ...args: readonly string[]): Step =>
  ({ hosts }) =>
    mustSucceed(hosts[host], ...args);

export function journeysOn(host: Place): readonly Journey[] {
  const be = (edit: (file: string) => string): Step[] => [write(host, edit), run(host, 'apply', '--yes')];
  const closed = [run(host, 'destroy', '--yes'), run(host, 'apply', '--closed', '--yes')];
  return [
    { name: 'apply, after a boot', host, begin: [...be(original), ...closed], args: ['apply', '--yes'] },
    { name: 'a change', host, begin: [...be(original), write(host, another)], args: ['apply', '--yes'] },
    {
      name: 'rollback',
      host,
      begin: [...be(original), ...be(another), write(host, original)],
      args: ['rollback', '--yes'],
    },
    { name: 'destroy', host, begin: be(original), args: ['destroy', '--yes'] },
  ];
}
