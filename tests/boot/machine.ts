/**
 * A virtual machine with a disk of its own, which boots systemd, and can lose its power. QEMU itself captures both links
 * from power on, before any program of the machine runs.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Packet, decodePacket, decodePcap } from '../../src/host/capture/packet.ts';
import { runOrFail } from '../../src/host/process/exec.ts';
import { inNetwork } from '../../src/host/process/namespaces.ts';
import { thisMachine } from '../../src/lab/world.ts';
import { type Agent, connectAgent } from './agent.ts';
import { type Link, links } from './network.ts';

export interface Machine {
  readonly agent: Agent;
  /** all IP packets on a link, from power on */
  packets(link: Link): readonly Packet[];
  /** Takes the power away. */
  cut(): Promise<void>;
}

export interface MachineOptions {
  /** folder of this boot: it gets the disk, the captures and the output on the console */
  readonly folder: string;
  /** disk that this boot starts from, and does not change */
  readonly disk: string;
  /** kernel */
  readonly kernel: string;
  /** disk with the packages, read-only: /dev/vda */
  readonly packages: string;
  /** arguments of the kernel, beside those that every boot has */
  readonly more?: readonly string[];
  /** pid of a process in the network namespace that has the other ends of the links */
  readonly pid: number;
}

const { exec } = thisMachine();
const scripts = fileURLToPath(new URL('../../scripts/boot', import.meta.url));

/** Makes the Debian that boots, where it is not there yet. @returns its folder */
export async function debianFolder(): Promise<string> {
  return (await runOrFail(exec, [join(scripts, 'disk')], { timeout: 1_200_000 })).trim();
}

/** Disk of a boot in its folder, with all that was written to it and flushed. */
export function diskIn(folder: string): string {
  return join(folder, 'disk.qcow2');
}

/** Switches the power on, and waits for the agent. */
export async function powerOn(options: MachineOptions): Promise<Machine> {
  const { folder, pid } = options;
  await mkdir(folder);
  await makeDisk(options.disk, diskIn(folder));
  // QEMU ends with this process at the latest.
  const argv = inNetwork(pid, ['setpriv', '--pdeathsig', 'KILL', ...qemuArgv(options)]);
  const [command = '', ...args] = argv;
  const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.on('data', (text: Buffer) => (said += text.toString()));
  const running = (): boolean => child.exitCode === null && child.signalCode === null;
  try {
    const socket = join(folder, 'agent');
    while (running() && !existsSync(socket))
      await once(child.stderr, 'data', { signal: AbortSignal.timeout(50) }).catch(() => {});
    const agent = await connectAgent(socket, running);
    return {
      agent,
      packets: (link) => decodePcap(readFileSync(captureIn(folder, link)), decodePacket).packets,
      cut: () => kill(child),
    };
  } catch (error) {
    await kill(child);
    throw new Error(`${said}\n${consoleOf(folder)}`, { cause: error });
  }
}

function consoleOf(folder: string): string {
  const file = join(folder, 'console');
  return existsSync(file) ? readFileSync(file, 'utf8').slice(-3000) : '';
}

/**
 * A layer on the disk before. Power cuts lose what the machine wrote and did not flush, as those of a real machine do:
 * QEMU keeps in memory, until the machine flushes, where in the layer a block is that was not in it before; and all
 * blocks are new to it, since each boot has a layer of its own. Small clusters make that so for nearly each write.
 */
async function makeDisk(below: string, disk: string): Promise<void> {
  await runOrFail(exec, [
    'qemu-img',
    'create',
    '-q',
    '-f',
    'qcow2',
    '-F',
    'qcow2',
    '-o',
    'cluster_size=4096',
    '-b',
    below,
    disk,
  ]);
}

function qemuArgv(options: MachineOptions): readonly string[] {
  return ['qemu-system-x86_64', '-nodefaults', '-no-reboot', ...qemuOptions(options).flat()];
}

function qemuOptions({
  folder,
  kernel,
  packages,
  more = [],
}: MachineOptions): readonly (readonly string[])[] {
  // The caches of QEMU hold the tables of the whole disk.
  const caches = 'l2-cache-size=16M,refcount-cache-size=4M,cache-clean-interval=0';
  return [
    // With one processor: Linux changes its own code while it runs, and with two of them QEMU 7.2 sometimes runs half a change.
    ['-accel', 'tcg'],
    ['-cpu', 'max,la57=off,svm=off'],
    ['-m', '1500'],
    ['-display', 'none'],
    ['-kernel', kernel],
    ['-append', [readFileSync(join(scripts, 'kernel-arguments'), 'utf8').trim(), ...more].join(' ')],
    ['-serial', `file:${join(folder, 'console')}`],
    ['-drive', `if=none,id=disk,file=${diskIn(folder)},format=qcow2,${caches}`],
    ['-device', 'nvme,serial=disk,drive=disk'],
    ['-drive', `if=none,id=packages,file=${packages},format=raw,readonly=on`],
    ['-device', 'virtio-blk-pci,drive=packages'],
    ['-chardev', `socket,id=agent,path=${join(folder, 'agent')},server=on,wait=off`],
    ['-device', 'virtio-serial-pci'],
    ['-device', 'virtserialport,chardev=agent,name=org.qemu.guest_agent.0'],
    ...Object.entries(links).flatMap(([link, { tap, mac }]) => [
      // Without vnet_hdr, captures have whole Ethernet frames, with checksums, and no header of QEMU's before them.
      ['-netdev', `tap,id=${link},ifname=${tap},script=no,downscript=no,vnet_hdr=off`],
      ['-device', `virtio-net-pci,netdev=${link},mac=${mac},romfile=`],
      ['-object', `filter-dump,id=${link}-capture,netdev=${link},file=${captureIn(folder, link)},maxlen=128`],
    ]),
  ];
}

function captureIn(folder: string, link: string): string {
  return join(folder, `${link}.pcap`);
}

/** SIGKILL: QEMU has no time to write anything. */
async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
}
