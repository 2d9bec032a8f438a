/** Changes by mustredirect: each change of the file and back, and the first start after a boot. */
import { addresses, addressesOf } from '../../../src/lab/layout.ts';
import { mustSucceed } from '../program.ts';
import { applyFile, on, type Event, type Step } from './event.ts';
import { rule } from './layers.ts';
import { startSender } from './sender.ts';

const host = 'node1';
const another = ['192.168.50.3', '2001:db8:50::3'] as const;

/** Changes the file until the row is over; the change back is tested, too. */
function change(name: string, edit: (file: string) => string, ...before: readonly Step[]): Event {
  return {
    name: `changed: ${name}`,
    host,
    prepare: before,
    steps: [applyFile(edit)],
    restore: [applyFile((file) => file)],
  };
}

export const changeEvents: readonly Event[] = [
  change('table', (file) => `${file}    table: 0x999\n`),
  change('mark', (file) => `${file}    mark: 0x21\n`),
  change('gateway', (file) => file.replaceAll('office', 'hq')),
  change(
    'address of the gateway’s member',
    (file) => file.replace(`gw1: [${addresses.gw1}, ${addressesOf(6).gw1}]`, `gw1: [${another.join(', ')}]`),
    on('gw1', `ip address add ${another[0]}/24 dev eth0; ip address add ${another[1]}/64 dev eth0 nodad`),
  ),
  change('a subnet more, and less', (file) =>
    file.replace(
      'gateways:',
      '  second:\n    engine: podman\n    subnets:\n      node1: [10.89.5.0/24, 2001:db8:89:5::/64]\n    via: office\n\ngateways:',
    ),
  ),
  change('a direct destination more, and less', (file) =>
    file.replace('via: office', 'via: office\n    direct: [198.51.100.0/24, 2001:db8:ffff::/48]'),
  ),
  {
    name: 'boot: only what closes, a container starts, then apply',
    host,
    prepare: [
      on('node1', 'podman rm --force --time 0 web'),
      ({ hosts: { node1 } }) => mustSucceed(node1, 'destroy', '--yes'),
    ],
    steps: [
      ({ hosts: { node1 } }) => mustSucceed(node1, 'apply', '--closed', '--yes'),
      (world) => startSender(world, 'web'),
    ],
    names: rule(4100),
  },
];
