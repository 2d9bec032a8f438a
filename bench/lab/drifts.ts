/** Kinds of drift: what is removed, and the events by which it is gone, and back. */
import type { LabEngine } from '../../src/lab/engine.ts';
import { network } from '../../src/lab/layout.ts';

export interface Drift {
  readonly what: string;
  readonly remove: string;
  readonly monitor: readonly string[];
  /** lines of the monitor: what was removed, and that it is back */
  readonly gone: RegExp;
  readonly back: RegExp;
}

export const ofGateway: readonly Drift[] = [
  {
    what: 'an ip rule',
    remove: 'ip rule delete preference 4100',
    monitor: ['ip', 'monitor', 'rule'],
    gone: /^Deleted 4100:/m,
    back: /^4100:/m,
  },
  {
    what: 'the routes of a table',
    remove: 'ip route flush table 2184',
    monitor: ['ip', 'monitor', 'route'],
    gone: /^Deleted default via .* table 2184/m,
    back: /^default via .* table 2184/m,
  },
  {
    what: 'the nft table',
    remove: 'nft delete table inet mustredirect',
    monitor: ['nft', 'monitor', 'tables'],
    gone: /^delete table inet mustredirect/m,
    back: /^add table inet mustredirect/m,
  },
  {
    what: 'the route of an uplink that was down and is up',
    remove: 'ip link set uplink0 down; ip link set uplink0 up',
    monitor: ['ip', 'monitor', 'link', 'route'],
    gone: /uplink0[^]* state DOWN[^]*uplink0[^]*<[^>]*,UP,LOWER_UP>/,
    back: /^default via .* table 2184/m,
  },
];

const element = `element inet mustredirect redirected4_24 { ${network.subnet.replace(/\/.*/, '')} }`;

/** One element of many. `nft monitor` loses its event among those of what closes the other subnets meanwhile. */
export const anElement: Drift = {
  what: 'an element of an nft set',
  remove: `nft delete ${element}`,
  monitor: [
    'sh',
    '-c',
    `while :; do nft get '${element}' >/dev/null 2>&1 && echo there || echo gone; sleep 0.01; done`,
  ],
  gone: /^gone/m,
  back: /^gone[^]*^there/m,
};

const conflist = `/etc/cni/net.d/${network.name}.conflist`;

/** With the engine that each is about, on a node. */
export const ofNode: readonly { readonly engine: LabEngine; readonly drift: Drift }[] = [
  {
    engine: 'podman-cni',
    drift: {
      what: 'the masquerade setting in a conflist',
      remove: `sed -i 's/"ipMasq": false/"ipMasq": true/' ${conflist}`,
      // Only the programs of the shell itself: another one each time would take the processor from the agent.
      monitor: [
        'sh',
        '-c',
        `while :; do
          while read -r key value; do [ "$key" != '"ipMasq":' ] || echo "$value"; done <${conflist}
          sleep 0.005
        done`,
      ],
      gone: /^true/m,
      back: /^true[^]*^false/m,
    },
  },
  {
    engine: 'docker',
    drift: {
      what: 'the rules of a bridge that docker has made anew',
      remove: `docker network rm ${network.name}; docker network create --subnet ${network.subnet} ${network.name}`,
      monitor: ['sh', '-c', 'ip monitor link & exec nft monitor elements'],
      gone: /^Deleted [^]*^\d+: br-/m,
      back: /^add element inet mustredirect bridges \{ "br-/m,
    },
  },
];
