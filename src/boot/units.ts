/** systemd units that block at boot, open when the network is up, and hold the host to the file from then on. */
import { type BootSource, bootCommands } from './commands.ts';
import { unitWord } from './unit-word.ts';

export interface Unit {
  readonly name: string;
  readonly text: string;
}

export const guardUnit = 'mustredirect-guard.service';
export const applyUnit = 'mustredirect.service';
export const agentUnit = 'mustredirect-agent.service';
/** settings of the agent that a person writes: `MUSTREDIRECT_LISTEN=9479` */
const agentEnvironment = '/etc/mustredirect/agent.env';

const mark = '# Written by `mustredirect install`; `mustredirect uninstall` removes it.';

/** Whether we wrote this unit. */
export function isOurs(text: string): boolean {
  return text.startsWith(mark);
}

/** Units that start containers. Their sockets are omitted: they start none, and come long before the network. */
const engineUnits = [
  'podman.service',
  'podman-restart.service',
  'podman-auto-update.service',
  'docker.service',
  'containerd.service',
  'crio.service',
];

/** @param agent with the one that holds the host to the file */
export function bootUnits(source: BootSource, agent = false): readonly Unit[] {
  const { close, open, hold } = bootCommands(source);
  return [
    { name: guardUnit, text: guardText(close, source.settings) },
    { name: applyUnit, text: applyText(open, source.settings) },
    ...(agent ? [{ name: agentUnit, text: agentText(hold, source.settings) }] : []),
  ];
}

function guardText(command: readonly string[], settings: readonly string[]): string {
  return `${head(guardUnit)}

[Unit]
Description=Close the container networks that mustredirect redirects
# As firewalls do: no interface is up before network-pre.target is reached.
DefaultDependencies=no
After=local-fs.target systemd-modules-load.service nftables.service
Wants=network-pre.target
Before=network-pre.target shutdown.target
Before=${engineUnits.join(' ')}
Conflicts=shutdown.target
# nftables.service removes the tables of all others: come again after it. Stopping takes nothing away.
PartOf=nftables.service
ReloadPropagatedFrom=nftables.service

[Service]
${oneshot(command, settings)}
# Containers start when the time is over, and nothing is closed. Each program that it runs has a time limit of its own.
TimeoutStartSec=infinity

[Install]
WantedBy=sysinit.target nftables.service
`;
}

function applyText(command: readonly string[], settings: readonly string[]): string {
  return `${head(applyUnit)}

[Unit]
Description=Redirect container networks through their gateways
Wants=network-online.target ${guardUnit}
After=network-online.target ${guardUnit} docker.service
# systemd-networkd removes the rules and routes of all others when it starts. Docker may create its iptables chains, in
# which some rules of ours are, only then. Come again after both.
After=systemd-networkd.service
PartOf=systemd-networkd.service docker.service
# Until all is ready, however late an uplink comes. What is not ready meanwhile is closed, all else is open.
StartLimitIntervalSec=0

[Service]
${oneshot(command, settings)}
TimeoutStartSec=5min
Restart=on-failure
RestartSec=10s
# A wrong file does not get right by waiting.
RestartPreventExitStatus=2

[Install]
WantedBy=multi-user.target systemd-networkd.service docker.service
`;
}

function agentText(command: readonly string[], settings: readonly string[]): string {
  return `${head(agentUnit)}

[Unit]
Description=Hold container networks to their gateways
# Both would do the same work at boot. The agent waits for a run that is under way in any case.
After=${applyUnit}
StartLimitIntervalSec=0

[Service]
Type=notify
# systemd-notify is a program of its own.
NotifyAccess=all
WatchdogSec=3min
# Where a person says that the agent answers by TCP, too: docs/guides/monitoring.md.
EnvironmentFile=-${agentEnvironment}
${service(command, settings)}
Restart=always
RestartSec=2s
# A wrong command line does not get right by waiting.
RestartPreventExitStatus=2
${sandbox(settings)}

[Install]
WantedBy=multi-user.target
`;
}

/** Sandbox of the agent and of the programs that it runs. */
function sandbox(settings: readonly string[]): string {
  const folders = settings.map((setting) => setting.slice(setting.indexOf('=') + 1));
  const writable = ['/run', '/var', '/etc/cni', '/etc/containers', '/etc/nerdctl', ...folders];
  return `# Forwarding is in /proc/sys, and engines keep their networks in /etc: docs/decisions/0043-the-agent-in-a-sandbox.md.
ProtectSystem=strict
ReadWritePaths=${writable.map((folder) => unitWord(`-${folder}`)).join(' ')}
ProtectHome=read-only
PrivateTmp=yes
PrivateDevices=yes
PrivateMounts=yes
ProtectControlGroups=yes
ProtectClock=yes
ProtectHostname=yes
ProtectKernelLogs=yes
RestrictNamespaces=yes
RestrictAddressFamilies=AF_UNIX AF_NETLINK AF_INET AF_INET6
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
NoNewPrivileges=yes
KeyringMode=private
SystemCallArchitectures=native
SystemCallFilter=~@clock @cpu-emulation @debug @module @obsolete @raw-io @reboot @swap
# SYS_ADMIN: podman takes root without it for an ordinary user. SYS_PTRACE: which network namespace is the machine's own, and
# which program has a port. DAC_OVERRIDE: files of other users.
CapabilityBoundingSet=CAP_NET_ADMIN CAP_NET_RAW CAP_SYS_ADMIN CAP_SYS_PTRACE CAP_DAC_OVERRIDE`;
}

function head(name: string): string {
  return `${mark}\n# For changes of your own: systemctl edit ${name}`;
}

function oneshot(command: readonly string[], settings: readonly string[]): string {
  return `Type=oneshot
RemainAfterExit=yes
${service(command, settings, ['ExecStart', 'ExecReload'])}`;
}

/** KillMode=mixed: programs that we run are not interrupted; we undo a run that has begun. */
function service(
  command: readonly string[],
  settings: readonly string[],
  keys: readonly string[] = ['ExecStart'],
): string {
  const line = command.map((word, index) => unitWord(index === 0 ? `:${word}` : word)).join(' ');
  return [
    ...settings.map((setting) => `Environment=${unitWord(setting)}`),
    ...keys.map((key) => `${key}=${line}`),
    'KillMode=mixed',
    'SyslogIdentifier=mustredirect',
  ].join('\n');
}
