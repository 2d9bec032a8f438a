/**
 * Hostile container: it sends crafted packets from inside its network. Neither they nor replies to them nor errors
 * about them are seen anywhere except where an ordinary packet of the network may be.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addressesOf } from '../../../src/lab/layout.ts';
import type { Steering } from './file.ts';
import { countStopped, cutInside, isBridged, isHonest } from './inside.ts';
import { countPackets, leaksOf, leakTable } from './judge.ts';
import { craftPackets, type Crafted } from './packets.ts';
import { type Row, rowText, sectionText } from './page.ts';
import { readSection, writeSection, writesPage } from '../leak-matrix/page.ts';
import { type Place, places } from './places.ts';
import { controlIds, runControls, runPackets, type Seen } from './run.ts';
import { applyAll, bridgeScript, createHostileWorld, families, type HostileWorld } from './world.ts';
import { aShareOf } from '../../thorough.ts';

export interface Configuration {
  /** `rules-0` */
  readonly name: string;
  readonly steering: Steering;
  readonly rpFilter: 0 | 1 | 2;
}

const rpFilters = [0, 1, 2] as const;

export function configurationsOf(...steerings: readonly Steering[]): readonly Configuration[] {
  const chosen = process.env['HOSTILE']?.split(',');
  const all = steerings.flatMap((steering) => {
    const filters = chosen ? rpFilters : aShareOf(rpFilters);
    return filters.map((rpFilter) => ({ name: `${steering}-${rpFilter}`, steering, rpFilter }));
  });
  return all.filter(({ name }) => chosen === undefined || chosen.includes(name));
}

/**
 * Minimum number of packets at the isp in each family before apply. A strict reverse path filter drops all foreign IPv4
 * sources, and leaves only the container's own packets.
 */
const atLeast = 40;

/** Minimum of more than 500 packets in each family; the kernel drops malformed packets itself. */
const leastCounted = 100;

/** bridge-nf-call: br_netfilter passes no bridged packets to the IP layer, or all of them. */
const bridging = [0, 1] as const;

export function defineHostile(configurations: readonly Configuration[]): void {
  const rows: Row[] = [];
  describe.each(configurations)('hostile container, $name', (configuration) => {
    let hostile: HostileWorld;
    let packets: readonly Crafted[];
    const unapplied: Partial<Record<0 | 1, Seen>> = {};
    let runs = 0;

    beforeAll(async () => {
      hostile = await createHostileWorld(configuration.rpFilter);
      packets = craftPackets(families, hostile.macs);
    });

    afterAll(() => hostile?.world.down());

    async function bridge(value: 0 | 1): Promise<void> {
      await hostile.hosts.node1.run(['sh', '-c', bridgeScript(value)]);
    }

    /** Source addresses that servers report to an ordinary container, one for each family. */
    async function honestAnswers(): Promise<string[]> {
      const urls = families.map((family) => addressesOf(family).internet).map(urlOf);
      const ask = (url: string) =>
        hostile.world.containers.run('evil', ['timeout', '5', 'wget', '-qO-', url]);
      return (await Promise.all(urls.map(ask))).map(({ stdout }) => stdout.trim());
    }

    const byGateway = families.map((family) => `upstream saw ${addressesOf(family).uplink}`);

    it('control: each capture sees packets on its link', async () => {
      const seen = await runControls(hostile);
      const blind = [...places, 'inside' as const].flatMap((place) =>
        families
          .filter((family) => !seen[place].has(controlIds[family]))
          .map((family) => `${place}, IPv${family}`),
      );
      expect(blind).toEqual([]);
    });

    it.each(bridging)(
      'control: before apply, packets are seen elsewhere, bridge-nf-call %i',
      async (value) => {
        await bridge(value);
        const seen = await runPackets(hostile, runs++);
        unapplied[value] = seen;
        for (const family of families) {
          const ofFamily = packets.filter((packet) => packet.family === family);
          const seenAt = (place: Place): number => ofFamily.filter(({ id }) => seen[place].has(id)).length;
          expect(seenAt('isp')).toBeGreaterThan(atLeast);
          expect(Math.min(...(['near', 'post', 'plain'] as const).map(seenAt))).toBeGreaterThan(0);
        }
      },
    );

    it('after apply, an ordinary packet leaves by the gateway', async () => {
      await applyAll(hostile, configuration.steering);
      expect(await honestAnswers()).toEqual(byGateway);
    });

    // A strict reverse path filter drops those of IPv4 before our counters.
    it.each(configuration.rpFilter === 1 ? [6] : families)(
      'after apply, foreign sources are counted as dropped: IPv%i',
      async (family) => {
        await bridge(0);
        const isChosen = (packet: Crafted): boolean =>
          packet.family === family && !isBridged(packet, hostile.macs) && !isHonest(packet);
        const counted = await countStopped(hostile);
        await runPackets(hostile, runs++, isChosen);
        expect((await countStopped(hostile)) - counted).toBeGreaterThan(leastCounted);
      },
    );

    describe.each(bridging)('after apply, bridge-nf-call %i', (bridged) => {
      let after: Seen;

      beforeAll(async () => {
        await bridge(bridged);
        after = await runPackets(hostile, runs++);
      });

      it('no packet is seen elsewhere', () => {
        const leaks = leaksOf(packets, after);
        const row = { ...configuration, bridged, packets: packets.length, leaks };
        rows.push(row);
        const counts = families.map((family) => `IPv${family} ${countPackets(leaks, family)}`).join(', ');
        const said = `${countPackets(leaks)} of ${packets.length} crafted packets were seen elsewhere (${counts})`;
        process.stdout.write(`${configuration.name}, bridge-nf-call ${bridged}: ${said}\n`);
        expect(leakTable(leaks), `${said}, steering by ${configuration.steering}`).toBe('');
      });

      it('bridged packets arrive as before', () => {
        // With br_netfilter, a frame with another source may look like a packet for the host to route (decision 0034).
        const carried = packets.filter(
          (packet) => isBridged(packet, hostile.macs) && (bridged === 0 || isHonest(packet)),
        );
        const seen = unapplied[bridged];
        if (!seen) throw new Error('not seen before');
        expect(carried.filter(({ id }) => seen.inside.has(id)).length).toBeGreaterThan(20);
        expect(cutInside(carried, seen, after)).toEqual([]);
      });

      it('bridged packets between containers are not counted as dropped', async () => {
        const isChosen = (packet: Crafted): boolean => isBridged(packet, hostile.macs) && isHonest(packet);
        expect(packets.filter(isChosen).length).toBeGreaterThan(20);
        const counted = await countStopped(hostile);
        await runPackets(hostile, runs++, isChosen);
        expect((await countStopped(hostile)) - counted).toBe(0);
      });

      it('an ordinary packet still leaves by the gateway', async () => {
        expect(await honestAnswers()).toEqual(byGateway);
      });
    });
  });

  describe('docs/leak-matrix.md', () => {
    it('matches the results', async () => {
      if (writesPage) await writeSection('A hostile container', sectionText(rows, atLeast));
      const written = await readSection('A hostile container');
      expect(rows.map(rowText).filter((row) => !written.includes(row))).toEqual([]);
    });
  });
}

function urlOf(address: string): string {
  return address.includes(':') ? `http://[${address}]` : `http://${address}`;
}
