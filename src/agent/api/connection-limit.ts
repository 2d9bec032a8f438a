/** Keeps one client from taking all connections of a server. */
import type { Server } from 'node:net';

/**
 * Closes connections beyond a number from one address as they come. Clients of a unix socket have no address.
 *
 * @param refused called for each of them
 */
export function limitConnections(server: Server, atMost: number, refused: () => void): void {
  const counts = new Map<string, number>();
  server.prependListener('connection', (socket) => {
    const { remoteAddress: address } = socket;
    if (address === undefined) return;
    const count = counts.get(address) ?? 0;
    if (count >= atMost) {
      socket.destroy();
      refused();
      return;
    }
    counts.set(address, count + 1);
    socket.once('close', () => {
      const left = (counts.get(address) ?? 1) - 1;
      if (left > 0) counts.set(address, left);
      else counts.delete(address);
    });
  });
}
