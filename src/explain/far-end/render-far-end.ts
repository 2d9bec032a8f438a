/** Renders what to type at the far end of a gateway's tunnel. */
import { type FarEnd, words } from './far-end.ts';
import { ios } from './ios.ts';
import { linux } from './linux.ts';
import { openwrt } from './openwrt.ts';
import { routeros } from './routeros.ts';
import type { System, TunnelSystem } from './system.ts';
import { vyos } from './vyos.ts';

const systems: Readonly<Record<TunnelSystem, System>> = { linux, routeros, vyos, ios, openwrt };

export function renderFarEnd(which: TunnelSystem, host: string, farEnd: FarEnd): string {
  const system = systems[which];
  const made =
    farEnd.type === 'wireguard' ? system.tunnel.wireguard(farEnd) : system.tunnel[farEnd.type](farEnd);
  const head = [
    `far end ${farEnd.local} of tunnel ${farEnd.device}, the uplink of gateway ${farEnd.gateway} on ${host}`,
    `for ${system.name}`,
  ];
  const comment = (lines: readonly string[]): string[] => lines.map((line) => `${system.comment} ${line}`);
  if (typeof made === 'string') return comment([...head, made]).join('\n');
  const commands = [...made, ...system.rest(farEnd)];
  return [...comment([...head, ...notes(farEnd, commands)]), ...commands].join('\n');
}

function notes(farEnd: FarEnd, commands: readonly string[]): string[] {
  const { untranslated } = farEnd;
  return [
    ...replacements(farEnd)
      .filter(([word]) => commands.some((line) => line.includes(word)))
      .map(([word, by]) => `replace ${word} by ${by}`),
    ...(untranslated.length === 0
      ? []
      : [
          `private sources come out, and NAT gives them an address of the far end: ${untranslated.join(', ')}`,
        ]),
    `firewalls on the way must let ${passText(farEnd)}`,
  ];
}

function replacements(farEnd: FarEnd): [word: string, by: string][] {
  const ownKey = farEnd.type === 'wireguard' ? farEnd.ownKey : '';
  return [
    [words.uplink, 'the interface that leads to the Internet'],
    [words.privateKey, `the private key whose public half is ${ownKey}`],
    [words.presharedKey, 'the key in the file of `preshared_key_file`, which both ends share'],
    [words.publicKey, 'the public key of the gateway'],
  ];
}

function passText(farEnd: FarEnd): string {
  if (farEnd.type === 'wireguard') return `UDP to port ${farEnd.port} of ${farEnd.local} pass`;
  const what = farEnd.type === 'gre' ? 'protocol 47 (GRE)' : 'protocols 4 and 41 (IP-in-IP)';
  return `${what} pass between ${farEnd.local} and ${farEnd.remote}`;
}
