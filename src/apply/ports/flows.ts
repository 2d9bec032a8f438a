import { forgetFlows } from '../../host/conntrack/forget.ts';
import type { ForgetFlows, OpenFlows, ResetConnections } from '../../kinds/flows/action.ts';
import { openFlows, resetConnections } from '../end-flows.ts';
import type { Port } from './port.ts';

export const forgetPort: Port<ForgetFlows> = {
  async perform({ flows }, _, exec) {
    await forgetFlows(exec, flows);
  },
};

export const resetPort: Port<ResetConnections> = {
  perform: (action, { pause }, exec) => resetConnections(exec, action, pause),
};

export const openPort: Port<OpenFlows> = {
  perform: (action, { pause, senders }, exec) => openFlows(exec, action, pause, senders),
};
