import { describe, expect, it } from 'vitest';
import { givenFacts, givenNetwork } from '../../../../tests/given/facts.ts';
import type { Family } from '../../../address/cidr.ts';
import type { Link } from '../../../state/facts.ts';
import { hostWarnings } from './warnings.ts';

interface Given {
  /** subnets of the file */
  readonly mentioned: readonly string[];
  readonly blocked?: readonly Family[];
  /** subnets of the engine */
  readonly given?: readonly string[];
  /** addresses of the bridge */
  readonly bridge?: readonly string[];
}

const said = 'and the file does not mention it';
const engine = 'network web: podman 4.3.1 with cni gives it';

function warningsOf({ mentioned, blocked = [], given = [], bridge }: Given): string[] {
  const web = { name: 'web', direct: [], blocked, gateway: 'office', nextHops: [], subnets: mentioned };
  const link: Link = { name: 'br1', index: 5, ethernet: true, type: 'bridge', addresses: bridge ?? [] };
  const facts = givenFacts({
    links: [link],
    networks: [givenNetwork({ subnets: given, ...(bridge ? { bridge: 'br1' } : {}) })],
  });
  return hostWarnings({ networks: [{ ...web, engine: 'podman' }], gateways: [] }, facts).map(
    ({ message }) => message,
  );
}

describe('a family that the file does not mention', () => {
  it.each<[string, Given, string[]]>([
    [
      'gives no warning if the network does not have it',
      { mentioned: ['10.89.4.0/24'], given: ['10.89.4.0/24'] },
      [],
    ],
    [
      'gives a warning if the engine has it',
      { mentioned: ['10.89.4.0/24'], given: ['10.89.4.0/24', '2001:db8::/64'] },
      [`${engine} 2001:db8::/64 too, ${said}: IPv6 of its containers is blocked`],
    ],
    [
      'may be IPv4',
      { mentioned: ['2001:db8::/64'], given: ['10.89.4.0/24', '10.89.5.0/24', '2001:db8::/64'] },
      [`${engine} 10.89.4.0/24, 10.89.5.0/24 too, ${said}: IPv4 of its containers is blocked`],
    ],
    [
      'gives a warning if the bridge has it',
      { mentioned: ['10.89.4.0/24'], bridge: ['10.89.4.1/24', 'fd00::1/64', 'fe80::1/64'] },
      [`network web: br1 has fd00::1/64 too, ${said}: IPv6 of its containers is blocked`],
    ],
    [
      'gives no warning if it is only link-local',
      { mentioned: ['10.89.4.0/24'], bridge: ['10.89.4.1/24', 'fe80::1/64'] },
      [],
    ],
    [
      'gives no warning if it is blocked',
      { mentioned: ['10.89.4.0/24'], blocked: [6], given: ['10.89.4.0/24', '2001:db8::/64'] },
      [],
    ],
    [
      'does not exist if both are mentioned',
      { mentioned: ['10.89.4.0/24', 'fd00::/64'], bridge: ['10.89.4.1/24', 'fd00::1/64'] },
      [],
    ],
  ])('%s', (_, given, expected) => {
    expect(warningsOf(given)).toEqual(expected);
  });
});
