/**
 * Programs that pass on what conntrack says over netlink, byte by byte. Node has no netlink sockets, and `conntrack -E -b` of
 * conntrack-tools 1.4.7 enlarges the buffer of another socket than the one that it gets events from: with 166 events it is
 * full, and of 40,000 flows that end together it prints 15,000 [measured].
 */
import { hexNumber, printfNumber } from './messages.ts';

/** AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER */
const socket = '16:3:12';

/** `struct sockaddr_nl` after the family, as socat takes it. @param groups 0: an address for answers only */
function addressOf(groups: number): string {
  return `x0000${hexNumber(0, 4)}${hexNumber(groups, 4)}`;
}

/** Group NFNLGRP_CONNTRACK_DESTROY as bit 2: of linux/netfilter/nfnetlink_compat.h. */
const endsOfFlows = 0x4;
/**
 * Bytes; the kernel doubles it. It uses 1280 for an event of IPv4 [measured on 6.18], so that it holds 52,000: the kernel ends
 * expired flows in bursts of up to 64,000 a second (GC_SCAN_EXPIRED_MAX of net/netfilter/nf_conntrack_core.c).
 */
const buffer = 32 * 1024 * 1024;

/** SOL_SOCKET, SO_RCVBUFFORCE: net.core.rmem_max does not limit it. */
const withBuffer = `setsockopt-listen=1:33:i${buffer}`;
/** SOL_NETLINK, NETLINK_NO_ENOBUFS: an event that finds the buffer full is counted, and no reason to drop those that follow. */
const withoutErrors = 'setsockopt-listen=270:5:i1';

/** Writes a message for each flow of this network namespace that ends. */
export function endsProgram(): readonly string[] {
  return [
    'socat',
    '-u',
    '-b',
    '65536',
    `SOCKET-RECV:${socket}:${addressOf(endsOfFlows)},${withBuffer},${withoutErrors}`,
    '-',
  ];
}

/** IPCTNL_MSG_CT_GET of NFNL_SUBSYS_CTNETLINK, with NLM_F_REQUEST and NLM_F_DUMP, for both families */
const dump = [
  printfNumber(20, 4),
  printfNumber(0x0101, 2),
  printfNumber(0x0301, 2),
  printfNumber(1, 4),
  printfNumber(0, 4),
  printfNumber(0, 4),
].join('');

/** seconds that socat waits for the kernel's answer after the question: whoever reads it stops it at the last message */
const longestDump = 60;

/** Writes a message for each flow that lives. The kernel waits for a slow reader: nothing is lost. */
export function livingProgram(): readonly string[] {
  const script = 'printf "$1" | exec socat -t "$2" -b 65536 - "$3"';
  const args = [dump, `${longestDump}`, `SOCKET-DATAGRAM:${socket}:${addressOf(0)}`];
  return ['sh', '-c', script, 'sh', ...args];
}
