/** Sends raw frames like a container with CAP_NET_RAW. */
import { inNetwork } from '../../../src/host/process/namespaces.ts';
import type { TestHost } from '../../../src/lab/test-host.ts';

/** Perl, which every Debian has: a packet socket bound to a device index; one frame for each line of stdin. */
const program = String.raw`
use strict;
my ($device, $pause) = @ARGV;
my ($family, $raw, $get_index) = (17, 3, 0x8933);
socket(my $socket, $family, $raw, 0) or die "socket: $!";
my $request = pack('a16 x24', $device);
ioctl($socket, $get_index, $request) or die "$device: $!";
my $index = unpack('x16 i', $request);
bind($socket, pack('S n i S C C a8', $family, 0, $index, 0, 0, 0, '')) or die "bind: $!";
my ($sent, $failed) = (0, 0);
while (my $line = <STDIN>) {
  chomp $line;
  defined send($socket, pack('H*', $line), 0) ? $sent++ : $failed++;
  select undef, undef, undef, $pause;
}
print "$sent $failed\n";
`;

/** seconds between frames; with system overhead, about 1,000 frames a second */
const pause = 0.0007;

/**
 * @param place file of the container's network namespace
 * @returns number of frames that the device accepted
 */
export async function sendFrames(host: TestHost, place: string, frames: readonly Buffer[]): Promise<number> {
  const input = frames.map((frame) => `${frame.toString('hex')}\n`).join('');
  const said = await host.run(inNetwork(place, ['perl', '-e', program, 'eth0', String(pause)]), { input });
  return Number(said.split(' ')[0]);
}
