/** Events with the engine of the network. */
import { restartDockerd } from '../../../src/lab/containers/docker.ts';
import { network, subnetOf } from '../../../src/lab/layout.ts';
import { applyNotReady, on, type Event, type Step } from './event.ts';
import { clearTables, masquerade, restoreTables, saveTables } from './iptables.ts';
import { nftTable } from './layers.ts';
import { startSender } from './sender.ts';

const node = (run: string): Step => on('node1', run);
const host = 'node1';

const bus = 'DBUS_SYSTEM_BUS_ADDRESS=unix:path=/run/dbus-lab.sock';

/** Starts a real firewalld with its own bus; containers are in zone trusted, or it would drop their packets itself. */
const startFirewalld = `
echo '<busconfig><type>system</type><listen>unix:path=/run/dbus-lab.sock</listen><auth>EXTERNAL</auth>
<policy context="default"><allow user="*"/><allow own="*"/><allow send_type="method_call"/>
<allow send_destination="*"/><allow receive_sender="*"/></policy></busconfig>' >/run/dbus-lab.conf
dbus-daemon --config-file=/run/dbus-lab.conf --fork
export ${bus}
firewall-offline-cmd --zone=trusted --add-source=${subnetOf(4)} --add-source=${subnetOf(6)} >/run/firewalld.log 2>&1
setsid firewalld --nofork --nopid >>/run/firewalld.log 2>&1 </dev/null &
for try in $(seq 1 100); do firewall-cmd --state >/dev/null 2>&1 && exit; sleep 0.1; done
cat /run/firewalld.log; exit 1`;

/** Commands of an engine, and the one that recreates its rules, which are foreign to us. */
interface Engine {
  readonly program: 'podman' | 'docker';
  /** option by which `rm` does not wait for the container */
  readonly now: string;
  readonly renewal: string;
  readonly renew: Step;
}

const podman: Engine = {
  program: 'podman',
  now: ' --time 0',
  renewal: 'podman network reload --all',
  renew: node('podman network reload --all'),
};

const docker: Engine = {
  program: 'docker',
  now: '',
  renewal: 'dockerd restarts',
  renew: ({ hosts: { node1 } }) => restartDockerd(node1),
};

/** The bridge of the previous network is occupied, so that podman does not reuse it. */
function createNetwork(subnet: string, subnet6: string, name: string = network.name): Step {
  return ({ containers }) => containers.createNetwork(name, subnet, subnet6);
}

function eventsOf({ program, now, renewal, renew }: Engine): readonly Event[] {
  return [
    {
      name: 'nft flush ruleset',
      host,
      steps: [node('nft flush ruleset')],
      names: [nftTable],
      restore: [renew],
    },
    {
      name: `nft flush ruleset, and ${renewal}`,
      host,
      steps: [node('nft flush ruleset'), renew],
      names: [nftTable],
    },
    { name: renewal, host, steps: [renew] },
    { name: `${program} restart`, host, steps: [node(`${program} restart --time 0 web`)] },
    {
      name: `${program} stop, and start`,
      host,
      steps: [node(`${program} stop --time 0 web`), node(`${program} start web`)],
    },
    {
      name: 'another container starts, and goes',
      host,
      steps: [(world) => startSender(world, 'another'), node(`${program} rm --force${now} another`)],
    },
    {
      name: 'the last container goes, and one comes',
      host,
      steps: [node(`${program} rm --force${now} web`), (world) => startSender(world, 'web')],
    },
    {
      name: 'not ready: the network made anew with other subnets, from apply on; then with those of the file',
      host,
      applies: true,
      // Before apply, packets leave by the isp, so this step is not captured.
      prepare: [
        node(`${program} rm --force${now} web; ${program} network rm ${network.name}`),
        createNetwork('10.98.0.0/24', '2001:db8:98::/64', 'placeholder'),
        createNetwork('10.99.0.0/24', '2001:db8:99::/64'),
        applyNotReady(host),
      ],
      steps: [(world) => startSender(world, 'web')],
      names: [
        'gave it 10.99.0.0/24, the file says 10.89.4.0/24: IPv4 closed, not redirected',
        'gave it 2001:db8:99::/64, the file says 2001:db8:89:4::/64: IPv6 closed, not redirected',
      ],
      undo: [
        node(`${program} rm --force${now} web; ${program} network rm ${network.name} placeholder`),
        createNetwork(network.subnet, network.subnet6),
        (world) => startSender(world, 'web'),
      ],
    },
    {
      name: 'iptables -F, -t nat -F, -P FORWARD ACCEPT',
      host,
      steps: [node(clearTables)],
      restore: [renew],
    },
    {
      name: 'iptables-save, iptables-restore',
      host,
      steps: [node(`${saveTables}; ${restoreTables}`)],
    },
    {
      name: 'nft flush ruleset, and iptables-restore',
      host,
      steps: [node(`${saveTables}; nft flush ruleset; ${restoreTables}`)],
      names: [nftTable],
    },
    {
      name: 'iptables -t nat -I POSTROUTING -j MASQUERADE',
      host,
      steps: [node(masquerade('-I'))],
      undo: [node(masquerade('-D'))],
    },
  ];
}

const firewalldReloads: Event = {
  name: 'firewall-cmd --reload',
  host,
  steps: [node(startFirewalld), node(`export ${bus}; firewall-cmd --reload`)],
  restore: [node("pkill -f '[f]irewalld --nofork'; sleep 0.5; pkill -f '[d]bus-lab.conf'")],
};

export const podmanEvents: readonly Event[] = [...eventsOf(podman), firewalldReloads];
export const dockerEvents: readonly Event[] = eventsOf(docker);
