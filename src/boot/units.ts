/** systemd units that block at boot, and open when the network is up. */
import { type BootSource, bootCommands } from './commands.ts';
import { unitWord } from './unit-word.ts';

export interface Unit {
  readonly name: string;
  readonly text: string;
}

export const guardUnit = 'mustredirect-guard.service';
export const applyUnit = 'mustredirect.service';

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

export function bootUnits(source: BootSource): readonly Unit[] {
  const { close, open } = bootCommands(source);
  return [
    { name: guardUnit, text: guardText(close, source.settings) },
    { name: applyUnit, text: applyText(open, source.settings) },
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
Type=oneshot
RemainAfterExit=yes
${service(command, settings)}
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
# systemd-networkd removes the rules and routes of all others when it starts: come again after it.
After=systemd-networkd.service
PartOf=systemd-networkd.service
# Until all is ready, however late an uplink comes. What is not ready meanwhile is closed, all else is open.
StartLimitIntervalSec=0

[Service]
Type=oneshot
RemainAfterExit=yes
${service(command, settings)}
TimeoutStartSec=5min
Restart=on-failure
RestartSec=10s
# A wrong file does not get right by waiting.
RestartPreventExitStatus=2

[Install]
WantedBy=multi-user.target
`;
}

function head(name: string): string {
  return `${mark}\n# For changes of your own: systemctl edit ${name}`;
}

/** KillMode=mixed: programs that we run are not interrupted; we undo a run that has begun. */
function service(command: readonly string[], settings: readonly string[]): string {
  const line = command.map((word, index) => unitWord(index === 0 ? `:${word}` : word)).join(' ');
  return [
    ...settings.map((setting) => `Environment=${unitWord(setting)}`),
    `ExecStart=${line}`,
    `ExecReload=${line}`,
    'KillMode=mixed',
    'SyslogIdentifier=mustredirect',
  ].join('\n');
}
