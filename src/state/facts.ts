/** What a host told us, read once per run and handed to the pure core. */
import type { Address, Family, Subnet } from '../address/cidr.ts';
import type { EngineName } from '../spec/spec.ts';
import type { Ledger } from './ledger.ts';
import type { HostObject } from './objects.ts';

export interface Facts {
  readonly links: readonly Link[];
  /** rules that are not ours */
  readonly foreignRules: readonly ForeignRule[];
  /** tables with routes that are not ours */
  readonly usedTables: readonly number[];
  /** tables that somebody gave a name in iproute2's rt_tables, with or without routes */
  readonly namedTables: readonly number[];
  /** dotted name -> value: `net.ipv4.ip_forward`, and those that the kernel changes along with it */
  readonly sysctls: Readonly<Record<string, string>>;
  /** one for each network that this host has in the file */
  readonly networks: readonly NetworkFacts[];
  /** engines that could not be asked while taking down, and why: what they hold stays as it is */
  readonly silentEngines?: Readonly<Partial<Record<EngineName, string>>>;
  readonly ledger: Ledger;
  /** our own objects as the host has them */
  readonly owned: readonly HostObject[];
}

export interface Link {
  readonly name: string;
  readonly index: number;
  /** it has neighbours with link-layer addresses */
  readonly ethernet: boolean;
  /** name of the bridge, bond or VRF that it belongs to */
  readonly master?: string;
  /** the link that a VLAN or macvlan sends through: the same packet is seen there once more */
  readonly parent?: string;
  /** kind as `ip -d link` names it: bridge, veth, gre ... */
  readonly type?: string;
  /** addresses with their prefix length: `192.168.50.10/24` */
  readonly addresses: readonly string[];
  /** the same of the other ends of point-to-point links */
  readonly peers?: readonly string[];
}

export interface ForeignRule {
  readonly family: Family;
  readonly preference: number;
  readonly fwmark?: { readonly value: number; readonly mask: number };
  readonly table?: number;
}

/** What an engine says about one network of the file. */
export interface NetworkFacts {
  readonly engine: EngineName;
  readonly name: string;
  /** what exactly made it, for messages: `podman 4.3.1 with cni` */
  readonly backend: string;
  readonly exists: boolean;
  /** it carries the label that we give to what we create */
  readonly ours?: boolean;
  /** as the engine has them; empty when the network does not exist */
  readonly subnets: readonly Subnet[];
  /** the bridge that the engine uses or will use, when it is known */
  readonly bridge?: string;
  /** where the engine keeps its masquerade switch, a key of a JSON file; absent when it has none */
  readonly masquerade?: { readonly file: string; readonly setting: string; readonly enabled: boolean };
  /** the engine's own commands, for messages: `reload` gives running containers what has been set since */
  readonly commands?: { readonly remove: string; readonly reload?: string };
  /** containers that have the network in their configuration, running or not */
  readonly attached: readonly AttachedContainer[];
}

export interface AttachedContainer {
  readonly name: string;
  readonly running: boolean;
  /** the container's first process, 0 or absent when it does not run */
  readonly pid?: number;
  readonly addresses?: readonly Address[];
}
