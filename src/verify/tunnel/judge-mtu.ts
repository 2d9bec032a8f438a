/** Judges the MTU of a tunnel by an echo request that fills it. */
import { encapsulationOf } from '../../host/ip/encapsulations.ts';
import type { TunnelDevice } from '../../host/ip/tunnel-devices.ts';
import { verdict } from '../judge/verdict.ts';
import type { FullSize, TunnelVerdict } from './observation.ts';

export function judgeMtu(tunnel: TunnelDevice, result: FullSize): TunnelVerdict {
  const { device, mtu, remote } = tunnel;
  const { overhead } = encapsulationOf(tunnel);
  switch (result.kind) {
    case 'passed':
      return verdict('mtu', true, `a packet of ${mtu} bytes, the MTU of ${device}, was answered`);
    case 'refused': {
      const outside = `the path to ${remote} carries ${result.mtu + overhead} bytes outside`;
      return tooLarge(`${device} has mtu ${mtu}, and ${outside}`, writeMtu(result.mtu));
    }
    case 'lost': {
      const lost = `packets of ${mtu} bytes, the MTU of ${device}, are lost without a message`;
      return result.largest === undefined
        ? tooLarge(
            `${lost}, and small ones are answered`,
            `look for what drops large packets on the way to ${remote}, or at the far end`,
          )
        : tooLarge(`${lost}, and those of ${result.largest} bytes are answered`, writeMtu(result.largest));
    }
    case 'not-sent':
      return verdict('mtu', 'not-checked', 'this ping cannot send packets that must not be fragmented');
  }
}

function tooLarge(evidence: string, remedy: string): TunnelVerdict {
  return { ...verdict('mtu', false, evidence), remedy };
}

function writeMtu(mtu: number): string {
  return `write \`mtu: ${mtu}\` for the uplink`;
}
