/** What the agent's log must not have, in any format and at any level: keys of tunnels. */
import { expect, it } from 'vitest';
import { createEventLog } from '../src/agent/event/event-log.ts';
import { type LogFormat, lineOf, logFormats } from '../src/agent/event/log-line.ts';
import { createFileEvents } from '../src/agent/file-events.ts';
import { afterFailure, afterRead, afterRepair, firstState } from '../src/agent/agent-state.ts';
import { createLook } from '../src/agent/look.ts';
import { messageOf } from '../src/apply/undo.ts';
import { createFakeHost } from './fake-host/fake-host.ts';
import { keyPairs } from './given/keys.ts';
import { givenRuns, recordedCaller } from './given/runs.ts';

const [own, peer, other] = keyPairs;
const file = '/etc/mustredirect/mustredirect.yaml';
const keyFile = '/etc/mustredirect/wg0.key';
const presharedFile = '/etc/mustredirect/wg0.psk';
const wireguard = `wireguard: { private_key_file: ${keyFile}, preshared_key_file: ${presharedFile}, peer: ${peer.publicKey}, endpoint: '198.51.100.1:51820' }`;
const textWith = (uplink: string): string => `version: 1
hosts: { node1: 192.168.50.10, here: 192.168.50.2 }
networks: { web: { engine: external, subnets: { node1: 10.89.4.0/24 }, via: office } }
gateways:
  office: { members: [{ host: here, uplink: { device: wg1, ${uplink}, addresses: [172.31.0.1/30] } }], snat: none }
`;
const { contextOf, apply } = givenRuns();

function gateway() {
  return createFakeHost({
    links: [
      { name: 'eth0', up: true, addresses: ['192.168.50.2/24'], pointToPoint: false },
      { name: 'eth1', up: true, addresses: ['192.0.2.1/30'], pointToPoint: false, mtu: 1492 },
    ],
    routes: [
      {
        family: 4,
        type: 'unicast',
        table: 254,
        destination: 'default',
        metric: 0,
        via: '192.0.2.2',
        device: 'eth1',
        protocol: 3,
      },
    ],
    files: new Map([
      [keyFile, `${own.privateKey}\n`],
      [presharedFile, `${other.privateKey}\n`],
    ]),
  });
}

type Host = ReturnType<typeof gateway>;

/** An agent that holds the host, and all lines of its log. */
function agentOn(host: Host) {
  const lines: string[] = [];
  const log = createEventLog({ now: () => 0, clock: () => 0, later() {} });
  const write = (format: LogFormat): void =>
    log.writeTo((record) => lines.push(lineOf(record, format)), 'debug');
  logFormats.forEach(write);
  const context = contextOf(host);
  const { exec } = context.host;
  const traced: typeof exec = {
    run(argv, options) {
      log.emit({ kind: 'run', text: `$ ${argv.join(' ')}` });
      return exec.run(argv, options);
    },
  };
  let [state, time] = [firstState, 0];
  const files = createFileEvents(log.emit, () => {});
  const look = createLook({
    context: { ...context, host: { ...context.host, exec: traced } },
    caller: {
      ...recordedCaller(),
      tell: (text, label) => log.emit({ kind: 'run', text, ...(label ? { label } : {}) }),
    },
    file,
    host: 'here',
    now: () => (time += 10_000),
    later() {},
    onLook() {},
    onFiles: files.onFiles,
  });
  const tell = (told: ReturnType<typeof afterFailure>): void => {
    ({ state } = told);
    told.events.forEach(log.emit);
  };
  const hold = async (): Promise<void> => {
    try {
      const reading = await files.watched(look);
      tell(afterRead(state, reading, 1));
      if (reading.kind === 'differs' && (await reading.repair())) tell(afterRepair(state, reading.what, 1));
    } catch (error) {
      tell(afterFailure(state, messageOf(error)));
    }
  };
  return { lines, hold };
}

it('has no key of a tunnel, whatever is wrong with the file, the keys or the device', async () => {
  const host = gateway();
  const write = (path: string, text: string): void =>
    void (host.state.files = new Map([...host.state.files, [path, text]]));
  expect(await apply(host, textWith(wireguard))).toMatchObject({ status: 0 });
  write(file, textWith(wireguard));
  const { lines, hold } = agentOn(host);
  const withoutDevice = async (): Promise<void> => {
    host.state.links = host.state.links.filter(({ name }) => name !== 'wg1');
    await hold();
  };
  await hold();
  await withoutDevice();
  // It prints what it finds in a file that holds no key.
  for (const path of [keyFile, presharedFile]) {
    write(path, `${own.privateKey} x ${other.privateKey}\n`);
    await withoutDevice();
  }
  const inline = `wireguard: { private_key: ${own.privateKey}, private_key_file: ${own.privateKey}, preshared_key: '${other.privateKey}', peer: x }`;
  for (const uplink of [
    inline,
    `wireguard: { private_key_file: "/${own.privateKey}", peer: ${other.privateKey} }`,
  ]) {
    write(file, textWith(uplink));
    await hold();
  }
  const everything = lines.join('\n');
  for (const { privateKey } of [own, other]) {
    expect(everything).not.toContain(privateKey);
    expect(everything).not.toContain(Buffer.from(privateKey, 'base64').toString('hex'));
  }
  for (const said of ['repaired in', '$ wg set wg1', 'wireguard.private_key', 'holds no private key'])
    expect(everything).toContain(said);
});
