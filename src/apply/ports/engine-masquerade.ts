import { MustredirectError } from '../../error.ts';
import type { SetMasquerade } from '../../kinds/engine-masquerade/action.ts';
import { keptOriginal } from '../ledger-keeper.ts';
import type { Port } from './port.ts';

export const masqueradePort: Port<SetMasquerade> = {
  async perform({ engine, network, file, enabled }, { host, engines, keeper }) {
    const content = await host.files.read(file);
    if (content === undefined) {
      throw new MustredirectError('failed', `${file}: is gone`, {
        hint: `\`mustredirect plan\` shows whether network ${network} is gone too`,
      });
    }
    const original = enabled ? keptOriginal(keeper.ledger, engine, network, content) : undefined;
    const edited = original ?? engines[engine].editMasquerade(content, network, enabled);
    if (!enabled)
      await keeper.rememberEdit({ engine, name: network }, { file, original: content, ours: edited });
    await host.files.replace(file, edited);
  },
};
