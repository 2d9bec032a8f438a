/** A figure of packets that went another way is worth nothing: this says so. */
import { addresses, network } from '../../src/lab/layout.ts';
import type { BenchLab } from './bench-lab.ts';
import { counted } from './way.ts';

/** The container's packets reach upstream as the gateway, and the gateway has seen the container's own address. */
export async function checkWay({ world, redirected }: BenchLab): Promise<void> {
  const { gw1, isp } = world.hosts;
  await redirected
    .run(['ping', '-n', '-q', '-c', '2', '-i', '0.01', '-W', '1', addresses.internet])
    .catch(() => {});
  const [atIsp, flows] = await Promise.all([
    counted(isp, 'internet'),
    gw1.run(['conntrack', '-L', '-d', addresses.internet, '-p', 'icmp']),
  ]);
  if (atIsp > 0) throw new Error(`${world.name}: ${atIsp} packets went to the isp, past the gateway`);
  const source = network.subnet.replace(/\d+\/24$/, '2');
  const seen = new RegExp(`src=${source} .* src=${addresses.internet} dst=${addresses.uplink}`);
  if (!seen.test(flows))
    throw new Error(`${world.name}: the gateway has not sent what ${source} sends: ${flows}`);
}
