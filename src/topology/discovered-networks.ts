/** Networks that join by their label: which of them are redirected, and why the others are not. */
import { type Subnet, contains, familyOf, overlaps } from '../address/cidr.ts';
import { namePattern } from '../spec/fields.ts';
import type { EngineName, Network, Spec } from '../spec/spec.ts';
import { createSuggest } from '../spec/suggest.ts';
import { nameText, quote } from '../spec/tree.ts';

/** Label of a network; its value is the name of a gateway. */
export const viaLabel = 'mustredirect.via';

/** A network that carries the label, as its engine has it. */
export interface LabelledNetwork {
  readonly engine: EngineName;
  readonly name: string;
  /** value of the label */
  readonly label: string;
  readonly subnets: readonly Subnet[];
  /** why it cannot be redirected: it is internal, or has no bridge */
  readonly unusable?: LabelFault | undefined;
}

/** Network that is redirected because of its label. */
export interface DiscoveredNetwork {
  readonly name: string;
  readonly engine: EngineName;
  readonly subnets: readonly Subnet[];
  /** name of its gateway */
  readonly via: string;
}

/** Why a label does not redirect its network. */
export interface LabelFault {
  /** what: `the file has no such gateway` */
  readonly what: string;
  readonly hint: string;
}

/** A fault, with the network in front. */
export interface LabelReport {
  readonly message: string;
  readonly hint: string;
  /** perhaps nothing is wrong: `doctor` does not tell it */
  readonly intended?: true;
}

export interface Discovered {
  readonly networks: readonly DiscoveredNetwork[];
  readonly reports: readonly LabelReport[];
}

export const noneDiscovered: Discovered = { networks: [], reports: [] };

/**
 * Decides each label on its own: one that is wrong stops no other.
 *
 * @param labelled those that are redirected already come first: a network that comes later cannot take their subnets
 */
export function discoverNetworks(spec: Spec, host: string, labelled: readonly LabelledNetwork[]): Discovered {
  const networks: DiscoveredNetwork[] = [];
  const reports: LabelReport[] = [];
  for (const one of labelled) {
    const { engine, name, label, subnets } = one;
    const ofFile = networkOfFile(spec, host, name);
    const isOfFile = ofFile?.engine === engine;
    const fault = isOfFile ? faultBesideFile(ofFile, label) : faultOf(spec, host, one, networks);
    if (fault)
      reports.push(reportOf(one, isOfFile ? fault : { ...fault, what: `${fault.what}: not redirected` }));
    else if (!isOfFile) networks.push({ name, engine, subnets, via: label });
  }
  return { networks, reports };
}

function reportOf({ name, engine }: LabelledNetwork, { what, hint }: LabelFault): LabelReport {
  return { message: `network ${nameText(name)} (${engine}): ${what}`, hint };
}

/** As an entry of the file. */
export function asNetwork({ engine, subnets, via }: DiscoveredNetwork, host: string): Network {
  return { engine, subnets: { [host]: subnets }, via, direct: [], blocked: [], byLabel: true };
}

/** Gateways that the label of a network on a host may name: those that the host is no member of. */
export function labelGateways(
  { discover, gateways }: Pick<Spec, 'discover' | 'gateways'>,
  host: string,
): string[] {
  return (discover?.gateways ?? []).filter(
    (name) => !gateways[name]?.members.some((member) => member.host === host),
  );
}

function networkOfFile({ networks }: Spec, host: string, name: string): Network | undefined {
  const network = Object.hasOwn(networks, name) ? networks[name] : undefined;
  return network && Object.hasOwn(network.subnets, host) ? network : undefined;
}

function faultBesideFile({ via }: Network, label: string): LabelFault | undefined {
  if (via === label) return undefined;
  return {
    what: `its label says ${quote(label)}, the file sends it to gateway ${via}: the file decides`,
    hint: 'remove the label, or the network from the file',
  };
}

function faultOf(
  spec: Spec,
  host: string,
  network: LabelledNetwork,
  others: readonly DiscoveredNetwork[],
): LabelFault | undefined {
  return (
    nameFault(spec, host, network, others) ??
    gatewayFault(spec, host, network.label) ??
    network.unusable ??
    subnetFault(spec, host, network, others)
  );
}

/** Networks of a node are told apart by their names alone. */
function nameFault(
  spec: Spec,
  host: string,
  { name }: LabelledNetwork,
  others: readonly DiscoveredNetwork[],
): LabelFault | undefined {
  const hint = 'make it anew with another name';
  if (!namePattern.test(name)) {
    return { what: 'its name has other characters than letters, digits, "_", "." and "-"', hint };
  }
  const other = networkOfFile(spec, host, name) ?? others.find((one) => one.name === name);
  return other && { what: `${other.engine} has a network of that name, which is redirected`, hint };
}

function gatewayFault(spec: Spec, host: string, label: string): LabelFault | undefined {
  const names = labelGateways(spec, host);
  if (names.includes(label)) return undefined;
  if (!Object.hasOwn(spec.gateways, label)) {
    const hint = createSuggest()(label, names, 'gateways that a label may name here');
    return { what: `its label names gateway ${quote(label)}, which the file does not have`, hint };
  }
  const isMember = spec.discover?.gateways.includes(label);
  return {
    what: isMember
      ? `its label names gateway ${label}, and this host is a member of it`
      : `its label names gateway ${label}, which is not in \`discover.gateways\` of the file`,
    hint: `gateways that a label may name here: ${names.join(', ') || 'none'}`,
  };
}

function subnetFault(
  { discover }: Spec,
  host: string,
  { subnets }: LabelledNetwork,
  others: readonly DiscoveredNetwork[],
): LabelFault | undefined {
  const pools = discover?.pools[host] ?? [];
  const hint = `make it anew with a subnet in ${pools.join(' or ')}, or widen the pool of ${host}`;
  if (subnets.length === 0) return { what: 'its engine has no subnet for it', hint };
  const outside = subnets.filter((subnet) => !pools.some((pool) => contains(pool, subnet)));
  if (outside.length > 0) return { what: `${outside.join(', ')} is in no pool of ${host}`, hint };
  const twice = subnets.find(
    (subnet, i) => subnets.findIndex((one) => familyOf(one) === familyOf(subnet)) < i,
  );
  if (twice !== undefined) {
    return {
      what: `it has two IPv${familyOf(twice)} subnets`,
      hint: 'make it anew with one for each family',
    };
  }
  const taken = others.find((other) =>
    other.subnets.some((one) => subnets.some((own) => overlaps(one, own))),
  );
  return taken && { what: `it overlaps network ${taken.name} of ${taken.engine}`, hint };
}
