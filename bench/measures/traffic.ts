/** What is sent by a way, and what came of it. Every measure gives one number. */
import * as z from 'zod';
import { webPort } from '../lab/web-server.ts';
import { counted, sinkPort, type Egress } from '../lab/way.ts';
import { interpolatedMedian } from '../statistics.ts';

const iperfReport = z.object({ end: z.object({ sum_received: z.object({ bits_per_second: z.number() }) }) });

/** What else runs on a machine makes a burst slower, never faster: the best of so many counts. */
const bursts = 3;

async function bestBurst(burst: () => Promise<number>): Promise<number> {
  const rates: number[] = [];
  for (let count = 0; count < bursts; count++) rates.push(await burst());
  return Math.max(...rates);
}

/**
 * @param amount of each burst, for iperf3: `256M` is so many bytes
 * @returns Gbit/s of TCP that arrived, in the best of three bursts
 */
export async function throughput(way: Egress, amount: string, options: readonly string[]): Promise<number> {
  return bestBurst(async () => {
    const said = await way.run(['iperf3', '-J', '-c', way.to, '-n', amount, ...options]);
    return iperfReport.parse(JSON.parse(said)).end.sum_received.bits_per_second / 1e9;
  });
}

/** Each write of dd to bash's UDP device is one packet. It tells how many microseconds it was at work. */
const sendScript = `exec 2>/dev/null
begin=\${EPOCHREALTIME/./}
timeout "$1" dd if=/dev/zero bs=64 >"/dev/udp/$2/$3"
echo $((\${EPOCHREALTIME/./} - begin))`;

/** @returns thousands of UDP packets of 64 bytes per second that arrived, in the best of three bursts */
export async function packetRate(way: Egress, seconds: number): Promise<number> {
  return bestBurst(async () => {
    const before = await counted(way.receiver, 'sink');
    const took = await way.run(['bash', '-c', sendScript, 'send', `${seconds}`, way.to, `${sinkPort}`]);
    return (((await counted(way.receiver, 'sink')) - before) / Number(took)) * 1000;
  });
}

/** @returns median round trip in microseconds of so many pings, each sent when the one before is answered */
export async function roundTrip(way: Egress, pings: number): Promise<number> {
  const said = await way.run(['ping', '-n', '-i', '0', '-c', `${pings}`, way.to]);
  const times = [...said.matchAll(/time=([\d.]+) ms/g)].map((match) => Number(match[1]) * 1000);
  if (times.length < pings * 0.99) throw new Error(`${pings - times.length} of ${pings} pings got lost`);
  return interpolatedMedian(times);
}

/** @returns thousands of TCP connections per second that were opened, asked one question, answered and closed */
export async function connectionRate(way: Egress, seconds: number): Promise<number> {
  const argv = ['wrk', '-t', '1', '-c', '32', '-d', `${seconds}s`, '-H', 'Connection: close'];
  const said = await way.run([...argv, `http://${way.to}:${webPort}/`]);
  if (/Socket errors|Non-2xx/.test(said)) throw new Error(`wrk: ${said}`);
  return Number(/Requests\/sec:\s+([\d.]+)/.exec(said)?.[1]) / 1000;
}
