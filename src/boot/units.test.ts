import { describe, expect, it } from 'vitest';
import { bootUnits, isOurs } from './units.ts';

const source = {
  self: ['/usr/bin/node', '/opt/mustredirect/bin/start.js'],
  file: '/etc/mustredirect/mustredirect.yaml',
  host: 'node1',
  settings: [],
};

const guard = `# Written by \`mustredirect install\`; \`mustredirect uninstall\` removes it.
# For changes of your own: systemctl edit mustredirect-guard.service

[Unit]
Description=Close the container networks that mustredirect redirects
# As firewalls do: no interface is up before network-pre.target is reached.
DefaultDependencies=no
After=local-fs.target systemd-modules-load.service nftables.service
Wants=network-pre.target
Before=network-pre.target shutdown.target
Before=podman.service podman-restart.service podman-auto-update.service docker.service containerd.service crio.service
Conflicts=shutdown.target
# nftables.service removes the tables of all others: come again after it. Stopping takes nothing away.
PartOf=nftables.service
ReloadPropagatedFrom=nftables.service

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=:/usr/bin/node /opt/mustredirect/bin/start.js apply --closed --boot --yes --file /etc/mustredirect/mustredirect.yaml --host node1
ExecReload=:/usr/bin/node /opt/mustredirect/bin/start.js apply --closed --boot --yes --file /etc/mustredirect/mustredirect.yaml --host node1
KillMode=mixed
SyslogIdentifier=mustredirect
# Containers start when the time is over, and nothing is closed. Each program that it runs has a time limit of its own.
TimeoutStartSec=infinity

[Install]
WantedBy=sysinit.target nftables.service
`;

const apply = `# Written by \`mustredirect install\`; \`mustredirect uninstall\` removes it.
# For changes of your own: systemctl edit mustredirect.service

[Unit]
Description=Redirect container networks through their gateways
Wants=network-online.target mustredirect-guard.service
After=network-online.target mustredirect-guard.service docker.service
# systemd-networkd removes the rules and routes of all others when it starts. Docker may create its iptables chains, in
# which some rules of ours are, only then. Come again after both.
After=systemd-networkd.service
PartOf=systemd-networkd.service docker.service
# Until all is ready, however late an uplink comes. What is not ready meanwhile is closed, all else is open.
StartLimitIntervalSec=0

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=:/usr/bin/node /opt/mustredirect/bin/start.js apply --boot --yes --file /etc/mustredirect/mustredirect.yaml --host node1
ExecReload=:/usr/bin/node /opt/mustredirect/bin/start.js apply --boot --yes --file /etc/mustredirect/mustredirect.yaml --host node1
KillMode=mixed
SyslogIdentifier=mustredirect
TimeoutStartSec=5min
Restart=on-failure
RestartSec=10s
# A wrong file does not get right by waiting.
RestartPreventExitStatus=2

[Install]
WantedBy=multi-user.target systemd-networkd.service docker.service
`;

const agent = `# Written by \`mustredirect install\`; \`mustredirect uninstall\` removes it.
# For changes of your own: systemctl edit mustredirect-agent.service

[Unit]
Description=Hold container networks to their gateways
# Both would do the same work at boot. The agent waits for a run that is under way in any case.
After=mustredirect.service
StartLimitIntervalSec=0

[Service]
Type=notify
# systemd-notify is a program of its own.
NotifyAccess=all
WatchdogSec=3min
# Where a person says that the agent answers by TCP, too: docs/guides/monitoring.md.
EnvironmentFile=-/etc/mustredirect/agent.env
ExecStart=:/usr/bin/node --max-semi-space-size=2 --heap-growing-percent=25 /opt/mustredirect/bin/start.js agent --file /etc/mustredirect/mustredirect.yaml --host node1
KillMode=mixed
SyslogIdentifier=mustredirect
Restart=always
RestartSec=2s
# A wrong command line does not get right by waiting.
RestartPreventExitStatus=2
`;

describe('bootUnits', () => {
  it('blocks before the network is up, opens afterwards, and holds from then on', () => {
    expect(bootUnits(source, true)).toEqual([
      { name: 'mustredirect-guard.service', text: guard },
      { name: 'mustredirect.service', text: apply },
      { name: 'mustredirect-agent.service', text: expect.stringContaining(agent) as string },
    ]);
    expect(bootUnits(source)).toHaveLength(2);
  });

  it('lets the agent write the folders of the settings', () => {
    const settings = ['MUSTREDIRECT_STATE_DIR=/srv/my state'];
    expect(bootUnits({ ...source, settings }, true)[2]?.text).toContain(
      'ReadWritePaths=-/run -/var -/etc/cni -/etc/containers -/etc/nerdctl "-/srv/my state"\n',
    );
  });

  it('quotes special characters of systemd', () => {
    const odd = {
      self: ['/opt/my node/$x/node', '/opt/100%/start.js'],
      file: '/srv/a "b".yaml',
      host: 'node1',
      settings: ['MUSTREDIRECT_STATE_DIR=/srv/my $state'],
    };
    for (const { text } of bootUnits(odd, true)) {
      expect(text).toContain('\nEnvironment="MUSTREDIRECT_STATE_DIR=/srv/my $state"\n');
      expect(text).toMatch(
        /\nExecStart=":\/opt\/my node\/\$x\/node" (?:--\S+ )*\/opt\/100%%\/start\.js (?:apply|agent) /,
      );
      expect(text).toContain(String.raw` --file "/srv/a \"b\".yaml" --host node1`);
    }
  });
});

describe('isOurs', () => {
  it('recognises only units that we write', () => {
    expect([guard, apply].map(isOurs)).toEqual([true, true]);
    expect(['', '[Unit]\n', `[Unit]\n${guard}`].map(isOurs)).toEqual([false, false, false]);
  });
});
