/** All metrics of the agent. The table in docs/guides/monitoring.md is made from them. */
import type { Metric } from './metric.ts';

function gauge(name: string, help: string, labels: readonly string[] = []): Metric {
  return { name: `mustredirect_${name}`, type: 'gauge', help, labels };
}

function counter(name: string, help: string, labels: readonly string[] = []): Metric {
  return { name: `mustredirect_${name}_total`, type: 'counter', help, labels };
}

function histogram(name: string, help: string): Metric {
  return { name: `mustredirect_${name}_seconds`, type: 'histogram', help, labels: [] };
}

const ofMember = ['gateway', 'family', 'member'] as const;
const ofTarget = [...ofMember, 'target'] as const;
const ofServed = ['gateway', 'network', 'node', 'subnet'] as const;
const ofEgress = ['gateway', 'address', 'protocol'] as const;

export const agentMetrics = {
  buildInfo: gauge('build_info', 'Version of mustredirect and of Node.js, always 1.', [
    'version',
    'node_version',
  ]),
  hostInfo: gauge('host_info', 'Host of the file that this machine is, always 1.', ['host']),
  started: gauge('agent_start_time_seconds', 'When the agent was started, in seconds since 1970.'),
  cpu: counter('agent_cpu_seconds', 'Processor time of the agent, without the programs that it runs.'),
  memory: gauge('agent_resident_memory_bytes', 'Memory of the agent, without the programs that it runs.'),
  healthy: gauge('healthy', 'Whether this host is as the file says, the same as /healthz: 1 or 0.'),
  fileInfo: gauge(
    'file_info',
    'SHA-256 of the file on disk (wanted) and of the one applied last (in_force), always 1.',
    ['state', 'sha256'],
  ),
  fileInForce: gauge('file_in_force', 'Whether the file on disk is the one applied last: 1 or 0.'),
  fileRejected: gauge('file_rejected', 'Whether the file on disk is wrong, refused, or was undone: 1 or 0.'),
  reads: counter('reads', 'Reads of this host that succeeded.'),
  failures: counter('failures', 'Reads of this host and repairs that failed.'),
  lastRead: gauge(
    'last_read_timestamp_seconds',
    'When the counters of networks and gateways were read, in seconds since 1970.',
  ),
  readDuration: histogram('read_duration', 'Duration of a read of this host.'),
  drifts: counter(
    'drifts',
    'Times that this host was found to differ from the file, changes of the file included.',
  ),
  repairDuration: histogram(
    'repair_duration',
    'Time from the event that reported a difference to the end of its repair.',
  ),
  monitorRunning: gauge('monitor_running', 'Whether a program that reports events runs: 1 or 0.', [
    'monitor',
  ]),
  monitorRestarts: counter(
    'monitor_restarts',
    'Times that a program that reports events was started again.',
    ['monitor'],
  ),
  probersFailed: gauge('probers_failed', 'Programs that should probe members, and do not run.'),
  eventClients: gauge('api_event_clients', 'Clients of /events.'),
  eventClientsDropped: counter(
    'api_event_clients_dropped',
    'Clients of /events that were dropped because they did not read.',
  ),
  refused: counter('api_refused', 'Connections and requests that the API refused, by reason.', ['reason']),
} as const;

export const networkMetrics = {
  info: gauge('network_info', 'Container network of this node and its gateway, always 1.', [
    'network',
    'gateway',
  ]),
  ready: gauge('network_ready', 'Whether the network is as the file says; if not, it is closed: 1 or 0.', [
    'network',
  ]),
  direct: gauge(
    'network_direct',
    'Whether the network leaves past its gateway, since no member works (when_down: direct): 1 or 0.',
    ['network', 'family'],
  ),
  bytes: counter('network_sent_bytes', 'Bytes that containers of the network sent through its gateways.', [
    'network',
  ]),
  packets: counter(
    'network_sent_packets',
    'Packets that containers of the network sent through its gateways.',
    ['network'],
  ),
  dropped: counter(
    'network_dropped_packets',
    'Packets of the network that the guard dropped, because they would have left by another way.',
    ['network'],
  ),
  spoofed: counter(
    'network_spoofed_packets',
    'Packets from the bridge of the network that were dropped for a source address outside the network.',
    ['network'],
  ),
  servedReady: gauge(
    'gateway_ready',
    'On a member: whether the gateway is as the file says; if not, it is closed: 1 or 0.',
    ['gateway'],
  ),
  servedBytes: counter(
    'gateway_served_bytes',
    'On a member: bytes from the subnet that left by the uplink.',
    ofServed,
  ),
  servedPackets: counter(
    'gateway_served_packets',
    'On a member: packets from the subnet that left by the uplink.',
    ofServed,
  ),
  servedDropped: counter(
    'gateway_dropped_packets',
    'On a member: packets from the subnet that the guard dropped.',
    ofServed,
  ),
} as const;

export const memberMetrics = {
  state: gauge(
    'member_state',
    'State of a member of a gateway: 1 for the state that it has, 0 for the others (up, down, unknown).',
    [...ofMember, 'state'],
  ),
  inUse: gauge('member_in_use', 'Whether new packets leave by the member: 1 or 0.', ofMember),
  share: gauge(
    'member_share_ratio',
    'Share of new connections that the member gets (mode: balance).',
    ofMember,
  ),
  drained: gauge('member_drained', 'Whether an operator has taken the member out of use: 1 or 0.', ofMember),
  probes: counter('member_probes', 'Probes through the member that were answered or lost.', ofTarget),
  lost: counter('member_probes_lost', 'Probes through the member that were lost.', ofTarget),
  roundTrip: gauge(
    'member_probe_round_trip_seconds',
    'Mean round trip of the last 50 probes through the member.',
    ofTarget,
  ),
  loss: gauge(
    'member_probe_loss_ratio',
    'Share of the last 50 probes through the member that were lost.',
    ofTarget,
  ),
  failovers: counter('gateway_failovers', 'Changes of the members that the gateway uses, by cause.', [
    'gateway',
    'family',
    'cause',
  ]),
  lastFailover: gauge(
    'gateway_last_failover_timestamp_seconds',
    'When the members that the gateway uses changed last, in seconds since 1970.',
    ['gateway', 'family'],
  ),
} as const;

export const natMetrics = {
  entries: gauge('nat_entries', 'Conntrack entries whose source NAT uses the egress address.', ofEgress),
  ports: gauge('nat_ports_in_use', 'Different ports of the egress address that source NAT uses.', ofEgress),
  busiest: gauge(
    'nat_destination_ports',
    'Ports of the egress address in use towards the one destination address and port with the most.',
    ofEgress,
  ),
  limit: gauge(
    'nat_ports_limit',
    'Ports of the egress address that source NAT may use towards one destination.',
    ofEgress,
  ),
  counted: gauge(
    'nat_counted_timestamp_seconds',
    'When the entries of conntrack were counted, in seconds since 1970.',
  ),
} as const;

const ofGateway = ['gateway'] as const;

export const flowLogMetrics = {
  working: gauge(
    'flow_log_working',
    'On a member: whether the flows of the gateway are logged (log: flows): 1 or 0.',
    ofGateway,
  ),
  flows: counter('flow_log_flows', 'Flows of the gateway that have ended, and were logged.', ofGateway),
  dropped: counter(
    'flow_log_dropped',
    'Ends of flows that the kernel dropped before they could be logged, those of other flows of this host included.',
    ofGateway,
  ),
  unwritten: counter('flow_log_unwritten', 'Lines of the flow log that could not be written.', ofGateway),
  bytes: gauge('flow_log_bytes', 'Size of the flow log on disk.', ofGateway),
} as const;

export const allMetrics: readonly Metric[] = [
  agentMetrics,
  networkMetrics,
  memberMetrics,
  natMetrics,
  flowLogMetrics,
].flatMap((metrics): Metric[] => Object.values(metrics));
