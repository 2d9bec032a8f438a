import { describe, expect, it } from 'vitest';
import { allMetrics } from './catalog.ts';
import { wholeInput } from './fake-input.ts';
import { metricFamilies } from './families.ts';
import { type MetricFamily, textOf } from './metric.ts';

const families = [...metricFamilies(wholeInput)];
const lines = [...textOf(families)].join('').split('\n');

const labelsOf = (family: MetricFamily): string[] =>
  'samples' in family ? family.samples.map(({ labels }) => Object.keys(labels).join()) : [''];

describe('metricFamilies', () => {
  it('has every metric of the catalog, once, with a value and the labels that the catalog says', () => {
    expect(families.map(({ metric }) => metric.name).sort()).toEqual(
      allMetrics.map(({ name }) => name).sort(),
    );
    const labels = families.map((family) => [family.metric.name, [...new Set(labelsOf(family))]]);
    expect(labels).toEqual(families.map(({ metric }) => [metric.name, [metric.labels.join()]]));
  });

  it.each([
    'mustredirect_healthy 0',
    'mustredirect_file_in_force 1',
    'mustredirect_failures_total 1',
    'mustredirect_network_ready{network="web"} 1',
    'mustredirect_network_ready{network="db"} 0',
    'mustredirect_network_direct{network="web",family="ipv4"} 1',
    'mustredirect_network_direct{network="web",family="ipv6"} 0',
    'mustredirect_network_sent_bytes_total{network="web"} 3400',
    'mustredirect_network_spoofed_packets_total{network="web"} 7',
    'mustredirect_gateway_served_packets_total{gateway="office",network="web",node="node1",subnet="10.89.4.0/24"} 12',
    'mustredirect_member_state{gateway="office",family="ipv4",member="gw1",state="down"} 1',
    'mustredirect_member_state{gateway="office",family="ipv4",member="gw1",state="up"} 0',
    'mustredirect_member_in_use{gateway="office",family="ipv4",member="gw2"} 1',
    'mustredirect_member_probe_round_trip_seconds{gateway="office",family="ipv4",member="gw2",target="203.0.113.10"} 0.003',
    'mustredirect_gateway_failovers_total{gateway="office",family="ipv4",cause="link"} 1',
    'mustredirect_gateway_failovers_total{gateway="office",family="ipv4",cause="drained"} 0',
    'mustredirect_nat_ports_limit{gateway="office",address="172.31.0.2",protocol="tcp"} 64512',
    'mustredirect_flow_log_working{gateway="office"} 1',
    'mustredirect_flow_log_working{gateway="lab"} 0',
    'mustredirect_flow_log_flows_total{gateway="office"} 9',
    'mustredirect_flow_log_dropped_total{gateway="office"} 2',
    'mustredirect_flow_log_unwritten_total{gateway="office"} 1',
    'mustredirect_flow_log_bytes{gateway="office"} 4096',
    'mustredirect_repair_duration_seconds_bucket{le="1"} 1',
    'mustredirect_last_read_timestamp_seconds 1796000000.25',
  ])('%s', (line) => {
    expect(lines).toContain(line);
  });

  it('leaves out the spoofed packets of a network whose sources are not checked, and ports of ICMP', () => {
    expect(lines.filter((line) => line.includes('spoofed') && line.includes('"db"'))).toEqual([]);
    expect(lines.filter((line) => line.includes('ports') && line.includes('icmp'))).toEqual([]);
  });

  it('says nothing about flow logs on a host without one', () => {
    const agent = { ...wholeInput.snapshot.agent, flowLogs: [] };
    const snapshot = { ...wholeInput.snapshot, agent };
    const names = [...metricFamilies({ ...wholeInput, snapshot })].map(({ metric }) => metric.name);
    expect(names.filter((name) => name.includes('flow_log'))).toEqual([]);
  });

  it('says nothing about networks before the first read, and while nothing is applied', () => {
    const { looked: _, ...snapshot } = wholeInput.snapshot;
    const names = [...metricFamilies({ ...wholeInput, snapshot })].map(({ metric }) => metric.name);
    expect(names.filter((name) => /_network_|_last_read_/.test(name))).toEqual([]);
    expect(names).toContain('mustredirect_reads_total');
  });
});
