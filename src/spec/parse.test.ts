import { describe, expect, it } from 'vitest';
import { parseSpec } from './parse.ts';
import { formatProblems } from './problem.ts';
import type { Spec } from './spec.ts';

function specOf(text: string): Spec {
  const parsed = parseSpec(text);
  if (parsed.kind === 'problems') throw new Error(formatProblems(parsed.problems, text, 'f.yaml'));
  return parsed.spec;
}

/** Formats each problem as `line:column message`. */
function problemsOf(text: string): string[] {
  const parsed = parseSpec(text);
  return parsed.kind === 'spec'
    ? []
    : parsed.problems.map(({ line, column, message }) => `${line}:${column} ${message}`);
}

const smallFile = `version: 1
hosts: { node1: 10.0.0.1, gw1: [10.0.0.2, 2001:DB8::2] }
networks:
  web: { engine: external, subnets: { node1: [10.89.4.0/24] }, via: out }
gateways:
  out: { members: [{ host: gw1, uplink: { device: eth1, via: 10.1.0.1 } }] }
`;

describe('a valid file', () => {
  it('is decoded completely and canonically', () => {
    expect(specOf(smallFile)).toEqual({
      hosts: { node1: ['10.0.0.1'], gw1: ['10.0.0.2', '2001:db8::2'] },
      networks: {
        web: {
          engine: 'external',
          subnets: { node1: ['10.89.4.0/24'] },
          via: 'out',
          direct: [],
          blocked: [],
        },
      },
      gateways: {
        out: {
          members: [{ host: 'gw1', uplink: { device: 'eth1', via: ['10.1.0.1'] } }],
          snat: 'masquerade',
        },
      },
    });
  });

  it('may have empty maps', () => {
    const nothing = { hosts: {}, networks: {}, gateways: {} };
    expect(specOf('version: 1\nhosts: {}\nnetworks: {}\ngateways: {}\n')).toEqual(nothing);
  });

  it('has no properties of JavaScript objects as names', () => {
    const { hosts, networks, gateways } = specOf(smallFile);
    const { constructor: host } = hosts;
    expect([
      host,
      networks['toString'],
      gateways['valueOf'],
      networks['web']?.subnets['constructor'],
    ]).toEqual([undefined, undefined, undefined, undefined]);
  });

  it('may have names of JavaScript properties', () => {
    expect(Object.keys(specOf(smallFile.replace('gw1: [', 'constructor: 10.0.0.3, gw1: [')).hosts)).toEqual([
      'node1',
      'constructor',
      'gw1',
    ]);
  });

  it('may have numbers and YAML keywords as names', () => {
    const named = smallFile.replaceAll('node1', '007').replace('web:', 'true:');
    expect(Object.keys(specOf(named).hosts)).toContain('007');
    expect(Object.keys(specOf(named).networks)).toEqual(['true']);
  });

  it('may use aliases, CRLF line ends and a byte order mark', () => {
    const aliased = smallFile
      .replace('[10.89.4.0/24]', '&web [10.89.4.0/24]')
      .replace('via: out', 'via: out, direct: [&lan 192.168.0.0/16]')
      .replace(
        'gateways:',
        '  db: { engine: podman, subnets: { node1: 10.89.5.0/24 }, via: out, direct: [*lan] }\ngateways:',
      );
    const { networks } = specOf(`\uFEFF${aliased.replaceAll('\n', '\r\n')}`);
    expect(networks['db']?.direct).toEqual(['192.168.0.0/16']);
  });

  it('may have two gateways without table and mark, and a host that is node and member', () => {
    const two = smallFile
      .replace('gateways:', '  db: { engine: podman, subnets: { gw1: 10.89.5.0/24 }, via: two }\ngateways:')
      .concat('  two: { members: [{ host: node1, uplink: { device: eth2 } }], snat: none }\n');
    expect(Object.keys(specOf(two).gateways)).toEqual(['out', 'two']);
  });
});

describe('a text that is not a valid file', () => {
  it.each([
    ['nothing', '', ['1:1 the file is empty']],
    ['blank lines', ' \n\n', ['1:1 the file is empty']],
    ['comments', '# one\n# two\n', ['1:1 the file holds nothing but comments']],
    ['a list', '- a\n- b\n', ['1:1 expected a map with version, hosts, networks and gateways, found a list']],
    [
      'a word',
      'hello',
      ['1:1 expected a map with version, hosts, networks and gateways, found the text "hello"'],
    ],
    ['null', '~', ['1:1 expected a map with version, hosts, networks and gateways, found nothing']],
    ['deep nesting', '['.repeat(100_000), ['1:65 nested deeper than any key of this file goes']],
    ['deep lists', '- '.repeat(100_000), ['1:128 nested deeper than any key of this file goes']],
    [
      'NUL',
      '\0',
      ['1:1 expected a map with version, hosts, networks and gateways, found the text "\\u0000"'],
    ],
  ])('%s', (_, text, problems) => {
    expect(problemsOf(text)).toEqual(problems);
  });

  it('too long', () => {
    const parsed = parseSpec('#'.repeat(10 * 1024 * 1024));
    expect(parsed).toEqual({
      kind: 'problems',
      problems: [
        {
          line: 1,
          column: 1,
          path: '',
          message: 'the file has 10.0 MiB, and 4.0 MiB is the limit',
          hint: 'is it the right file?',
        },
      ],
    });
  });

  it('too many words', () => {
    expect(problemsOf('- a\n'.repeat(500_000))[0]).toMatch(/has more words than/);
  });

  it('aliases that stand for billions of values', () => {
    const levels = Array.from({ length: 30 }, (_, i) => `a${i + 1}: &a${i + 1} [${`*a${i},`.repeat(10)}]\n`);
    const messages = problemsOf(`a0: &a0 [x]\n${levels.join('')}`);
    expect(messages.some((message) => message.includes('aliases expand to too many values'))).toBe(true);
  });
});

describe('many errors', () => {
  const wrongFile = `version: 1
hosts:
  node1: 192.168.50.10
  gw1: 192.168.50.2
  gw2: 192.168.50.2
  gw2: 192.168.50.3
networks:
  web:
    engine: podmann
    subnets:
      node1: 10.89.4.1/24
      nod1: 10.89.5.0/24
    via: ofice
    direct: [0.0.0.0/0]
  db:
    engin: podman
    subnets: { gw1: 10.89.5.0/25 }
    via: office
  two words:
    engine: external
    subnets: { node1: 10.89.6.0/24 }
    via: office
gateways:
  office:
    members:
      - host: gw1
        uplink: { device: gre1 }
    table: 254
  backup:
    members:
      - host: gw2
        uplink: { device: eth0 }
      - host: gw2
        uplink: { device: eth1 }
    mark: "0x888"
`;

  it('are all reported together in order, without consequential errors', () => {
    expect(problemsOf(wrongFile)).toEqual([
      '5:8 192.168.50.2 is the address of gw1 too (line 4)',
      '6:3 duplicate key "gw2": the first one is on line 5',
      '9:13 expected podman, docker, nerdctl, cni or external, found the text "podmann"',
      '11:14 10.89.4.1/24 has host bits set',
      '12:7 unknown host "nod1"',
      '13:10 unknown gateway "ofice"',
      '14:14 0.0.0.0/0 covers every address: nothing would go through the gateway',
      '16:5 unknown key "engin"',
      '17:21 10.89.5.0/25 overlaps 10.89.5.0/24, the subnet of network web on nod1 (line 12)',
      '19:3 a name begins with a letter or digit, goes on with letters, digits, "_", "." and "-", and has at most 64 characters',
      '26:15 gw1 is a node of network db, which leaves by this gateway',
      "28:12 253, 254 and 255 are the kernel's own tables: choose another, such as 0x888",
      '33:15 "gw2" is a member already (line 31)',
      '35:11 expected a mark from 1 to 0xffffffff, found the text "0x888"',
    ]);
  });

  it('have correct positions next to removed items', () => {
    const text = smallFile.replace('via: out', 'via: out, direct: [x, 10.0.0.0/8, 10.0.0.0/8]');
    const parsed = parseSpec(text);
    expect(parsed.kind === 'problems' && parsed.problems.map(({ path }) => path)).toEqual([
      'networks.web.direct.0',
      'networks.web.direct.2',
    ]);
  });

  it('are found fast in a file of 10000 networks', () => {
    const networks = Array.from(
      { length: 10_000 },
      (_, i) =>
        `  n${i}: { engine: podman, subnets: { node1: 10.${60 + (i >> 8)}.${i & 255}.0/24 }, via: oot }\n`,
    );
    const text = smallFile
      .replace('gateways:', `${networks.join('')}gateways:`)
      .replaceAll('10.0.0.', '172.16.0.');
    const start = performance.now();
    const problems = problemsOf(text);
    // One of them overlaps 10.89.4.0/24 of the small file. Takes 1.5 s on an idle machine.
    expect(problems.filter((problem) => problem.includes('unknown gateway'))).toHaveLength(10_000);
    expect(problems.filter((problem) => problem.includes('is already'))).toHaveLength(1);
    expect(performance.now() - start).toBeLessThan(60_000);
  }, 30_000);
});

it('the name of an alias in a message is quoted when it has unprintable characters', () => {
  const parsed = parseSpec('version: *one\u0000two\nhosts: *office\n');
  expect(parsed.kind === 'problems' && parsed.problems.map(({ message }) => message)).toEqual([
    'alias *"one\\u0000two" is not defined',
    'alias *office is not defined',
  ]);
});
