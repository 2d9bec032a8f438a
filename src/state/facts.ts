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
  readonly ledger: Ledger;
  /** our own objects as the host has them */
  readonly owned: readonly HostObject[];
}

export interface Link {
  readonly name: string;
  readonly index: number;
  readonly up: boolean;
  /** link-layer address, absent on point-to-point devices */
  readonly mac?: string;
  /** name of the bridge, bond or VRF that it belongs to */
  readonly master?: string;
  /** kind as `ip -d link` names it: bridge, veth, gre ... */
  readonly type?: string;
  /** addresses with their prefix length: `192.168.50.10/24` */
  readonly addresses: readonly string[];
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
  /** as the engine has them; empty when the network does not exist */
  readonly subnets: readonly Subnet[];
  /** the bridge that the engine uses or will use, when it is known */
  readonly bridge?: string;
  /** where the engine keeps its masquerade switch, absent when it has none */
  readonly masquerade?: { readonly file: string; readonly enabled: boolean };
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
