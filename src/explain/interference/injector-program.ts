/**
 * Program that Node runs inside the temporary namespace: each line of stdin is a list of packets to send, and the reply
 * is `sent` or an error. Sockets are closed within a second, before an unanswered SYN would be repeated.
 */
export const injectorProgram = `
const { createSocket } = require('node:dgram');
const { connect } = require('node:net');
const { writeSync } = require('node:fs');
const sockets = new Map();
const bound = (address, port) => {
  const key = address + ' ' + port;
  if (!sockets.has(key)) {
    sockets.set(key, new Promise((resolve, reject) => {
      const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
      socket.on('error', reject);
      socket.bind({ address, port }, () => resolve(socket));
    }));
  }
  return sockets.get(key);
};
const datagram = async ({ source, sourcePort, destination, destinationPort }) => {
  const socket = await bound(source, sourcePort);
  await new Promise((resolve, reject) => {
    socket.send('mustredirect', destinationPort, destination, (error) => (error ? reject(error) : resolve()));
  });
};
const syn = ({ source, sourcePort, destination, destinationPort }) => new Promise((resolve) => {
  const socket = connect({ host: destination, port: destinationPort, localAddress: source, localPort: sourcePort });
  socket.on('error', () => {});
  setTimeout(() => { socket.destroy(); resolve(); }, 20);
});
const run = async (line) => {
  try {
    await Promise.all(JSON.parse(line).map((shot) => (shot.protocol === 'udp' ? datagram(shot) : syn(shot))));
    writeSync(1, 'sent\\n');
  } catch (error) {
    writeSync(1, String(error.message).replaceAll('\\n', ' ') + '\\n');
  }
};
let text = '';
process.stdin.on('data', (chunk) => {
  const lines = (text + chunk).split('\\n');
  text = lines.pop();
  for (const line of lines) run(line);
});
process.stdin.on('end', () => process.exit(0));
`;
