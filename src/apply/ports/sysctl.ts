import { writeSysctl } from '../../host/files/sysctl.ts';
import type { WriteSysctl } from '../../kinds/sysctl/action.ts';
import type { Port } from './port.ts';

export const sysctlPort: Port<WriteSysctl> = {
  async perform({ values }, { host }) {
    for (const [name, value] of Object.entries(values)) await writeSysctl(host.files, name, value);
  },
};
