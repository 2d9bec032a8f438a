import { describe, expect, it } from 'vitest';
import { parseSpec } from './parse.ts';
import { formatProblems } from './problem.ts';

const file = (publish: readonly string[]): string => `version: 1
hosts: { node1: 192.168.50.10, gw1: 192.168.50.2 }
networks:
  web: { engine: podman, subnets: { node1: 10.89.4.0/24 }, via: office }
gateways:
  office:
    members: [{ host: gw1, uplink: { device: eth1 } }]
    publish:
${publish.map((port) => `      - ${port}\n`).join('')}  other: { members: [{ host: gw1, uplink: { device: eth2 } }] }
`;

function problemsOf(text: string): string[] {
  const parsed = parseSpec(text);
  return parsed.kind === 'spec'
    ? []
    : parsed.problems.map(({ line, column, message, hint }) => `${line}:${column} ${message} (${hint})`);
}

describe('published ports', () => {
  it('are decoded completely', () => {
    const text = file([
      '{ port: 8080, to: 10.89.4.5, to_port: 80 }',
      '{ port: 53, proto: udp, to: 10.89.4.6 }',
    ]);
    const parsed = parseSpec(text);
    if (parsed.kind === 'problems') throw new Error(formatProblems(parsed.problems, text, 'f.yaml'));
    expect(parsed.spec.gateways['office']?.publish).toEqual([
      { port: 8080, proto: 'tcp', to: '10.89.4.5', toPort: 80 },
      { port: 53, proto: 'udp', to: '10.89.4.6', toPort: 53 },
    ]);
    expect(parsed.spec.gateways['other']).not.toHaveProperty('publish');
  });

  it.each<[string, string[], string[]]>([
    [
      'to another network',
      ['{ port: 80, to: 10.90.0.1 }'],
      [
        '9:25 10.90.0.1 is in no network that leaves by office: its replies would take another path (write an address in 10.89.4.0/24)',
      ],
    ],
    [
      'published twice',
      [
        '{ port: 80, to: 10.89.4.5 }',
        '{ port: 80, proto: udp, to: 10.89.4.5 }',
        '{ port: 80, to: 10.89.4.6, to_port: 81 }',
      ],
      ['11:17 port 80 of tcp IPv4 is published already (line 9) (give one of them another port)'],
    ],
    [
      'with invalid numbers',
      ['{ port: 0, to: 10.89.4.5 }', '{ port: "80", to: 10.89.4.5, to_port: 70000 }'],
      [
        '9:17 expected a port number from 1 to 65535, found the number 0 (undefined)',
        '10:17 expected a port number from 1 to 65535, found the text "80" (take the quotes off)',
        '10:47 expected a port number from 1 to 65535, found the number 70000 (undefined)',
      ],
    ],
    [
      'with an unknown key',
      ['{ port: 80, to: 10.89.4.5, toport: 81 }'],
      ['9:36 unknown key "toport" (did you mean "to_port"?)'],
    ],
    [
      'to a name',
      ['{ port: 80, to: web1 }'],
      ['9:25 expected a container\'s address, found the text "web1" (undefined)'],
    ],
  ])('are reported: %s', (_, publish, problems) => {
    expect(problemsOf(file(publish))).toEqual(problems);
  });

  it('need a network that leaves by the gateway', () => {
    const text = file(['{ port: 80, to: 10.89.4.5 }']).replace('via: office', 'via: other');
    expect(problemsOf(text)).toEqual([
      '9:25 10.89.4.5 is in no network that leaves by office: its replies would take another path (no network leaves by office)',
    ]);
  });
});
