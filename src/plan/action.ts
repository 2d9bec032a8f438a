/** What a step does, as plain data: run by `src/apply`, printed by `plan`, rendered as shell by `render`. */
import type { Family, Subnet } from '../address/cidr.ts';
import type { Flows } from '../state/ledger.ts';
import type { EngineName } from '../spec/spec.ts';
import type { IptablesRule } from '../state/objects.ts';

export type Action =
  /** lines for one `ip -batch` */
  | { readonly kind: 'ip'; readonly family: Family; readonly lines: readonly string[] }
  /** one nft transaction */
  | { readonly kind: 'nft'; readonly text: string }
  /** a rule of ours goes to the beginning of a chain, or goes away */
  | {
      readonly kind: 'insert-iptables-rule' | 'delete-iptables-rule';
      readonly family: Family;
      readonly table: IptablesRule['table'];
      readonly chain: string;
      /** as `iptables` takes them, the comment among them */
      readonly args: readonly string[];
    }
  /** written in this order */
  | { readonly kind: 'sysctl'; readonly values: Readonly<Record<string, string>> }
  | {
      readonly kind: 'create-network' | 'remove-network';
      readonly engine: EngineName;
      readonly name: string;
      readonly subnets: readonly Subnet[];
      readonly mtu?: number;
      readonly trusted?: readonly string[];
    }
  /** edit the engine's setting for one network in its file */
  | {
      readonly kind: 'set-masquerade';
      readonly engine: EngineName;
      readonly network: string;
      readonly file: string;
      readonly setting: string;
      readonly enabled: boolean;
    }
  /** make conntrack forget flows, with their old NAT decision */
  | { readonly kind: 'forget-flows'; readonly flows: readonly Flows[] }
  /** an nft transaction that makes connections of these flows end */
  | { readonly kind: 'reset-connections'; readonly flows: readonly Flows[]; readonly text: string }
  /** an nft transaction that lets flows through which were closed, and are forgotten first; `close` closes them before */
  | {
      readonly kind: 'open';
      readonly close?: string;
      readonly flows: readonly Flows[];
      readonly text: string;
    };
