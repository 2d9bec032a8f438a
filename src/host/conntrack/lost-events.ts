/** Events that the kernel could not deliver to a program, because its netlink buffer was full. */
import { readdir, readlink } from 'node:fs/promises';
import type { Files } from '../ports.ts';

/** NETLINK_NETFILTER of linux/netlink.h */
const netfilter = 12;

/**
 * Number of messages of conntrack that a process of this network namespace has lost until now: the kernel counts each one
 * that it cannot put into the buffer of a socket (netlink_overrun of net/netlink/af_netlink.c).
 *
 * @returns a function of the process; undefined while that has no socket that gets events, and when it is gone
 */
export function lossCounter(files: Files): (pid: number) => Promise<number | undefined> {
  /** It is asked every second, and opens no other socket. */
  let known: { readonly pid: number; readonly inodes: ReadonlySet<string> } | undefined;
  return async (pid) => {
    const inodes = known?.pid === pid ? known.inodes : await socketsOf(pid);
    const lost = lostBySockets((await files.read('/proc/net/netlink')) ?? '', inodes);
    known = lost === undefined ? undefined : { pid, inodes };
    return lost;
  };
}

/** @param text /proc/net/netlink: `sk Eth Pid Groups Rmem Wmem Dump Locks Drops Inode`; see netlink_seq_show */
export function lostBySockets(text: string, inodes: ReadonlySet<string>): number | undefined {
  const listening = text
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([, protocol, , groups = '0', , , , , , inode = '']) => {
      return Number(protocol) === netfilter && Number.parseInt(groups, 16) !== 0 && inodes.has(inode);
    });
  if (listening.length === 0) return undefined;
  return listening.reduce((total, fields) => total + Number(fields[8]), 0);
}

async function socketsOf(pid: number): Promise<ReadonlySet<string>> {
  const folder = `/proc/${pid}/fd`;
  const names = await readdir(folder).catch(() => []);
  const targets = await Promise.all(names.map((name) => readlink(`${folder}/${name}`).catch(() => '')));
  return new Set(targets.flatMap((target) => /^socket:\[(\d+)\]$/.exec(target)?.[1] ?? []));
}
