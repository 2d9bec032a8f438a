import type { NftTransaction } from '../../kinds/nft-table/action.ts';
import { runNft } from '../end-flows.ts';
import type { Port } from './port.ts';

export const nftPort: Port<NftTransaction> = {
  perform: ({ text }, _, exec) => runNft(exec, text),
};
