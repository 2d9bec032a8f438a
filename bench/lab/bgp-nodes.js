/**
 * bgp-nodes.js NODES: speaks BGP for many nodes, each of which announces one subnet to the same member and listens to
 * nothing. As BIRD does, a node both listens and connects, and the member keeps one of two connections.
 *
 * NODES is JSON: { member, port, as, nodes: [{ address, subnet }] }, with subnets of 24 bits.
 */
import { connect, createServer } from 'node:net';

const { member, port, as, nodes } = JSON.parse(process.argv[2]);

const types = { open: 1, update: 2, keepalive: 4 };
/** seconds; as `timerLines` of src/desired/bird/session.ts */
const [hold, keepalive, connectDelay] = [9, 3, 1];
/** stands for an AS of four octets (RFC 6793) */
const asTrans = 23_456;

function message(type, body = Buffer.alloc(0)) {
  const header = Buffer.alloc(19, 0xff);
  header.writeUInt16BE(19 + body.length, 16);
  header.writeUInt8(type, 18);
  return Buffer.concat([header, body]);
}

function uint16(value) {
  return [value >>> 8, value & 0xff];
}

function uint32(value) {
  return [...uint16(value >>> 16), ...uint16(value & 0xffff)];
}

function octets(address) {
  return address.split('.').map(Number);
}

/** Capabilities: IPv4 unicast, and an AS of four octets. */
function openMessage({ address }) {
  const capabilities = [1, 4, 0, 1, 0, 1, 65, 4, ...uint32(as)];
  const parameter = [2, capabilities.length, ...capabilities];
  const fixed = [4, ...uint16(asTrans), ...uint16(hold), ...octets(address)];
  return message(types.open, Buffer.from([...fixed, parameter.length, ...parameter]));
}

/** ORIGIN IGP, an empty AS_PATH, NEXT_HOP, LOCAL_PREF 100; one prefix. */
function updateMessage({ address, subnet }) {
  const attributes = [
    [0x40, 1, 1, 0],
    [0x40, 2, 0],
    [0x40, 3, 4, ...octets(address)],
    [0x40, 5, 4, ...uint32(100)],
  ].flat();
  const prefix = [24, ...octets(subnet.split('/')[0]).slice(0, 3)];
  return message(types.update, Buffer.from([0, 0, ...uint16(attributes.length), ...attributes, ...prefix]));
}

/** address of a node -> its open connections */
const sessions = new Map(nodes.map(({ address }) => [address, new Set()]));

/** connections that have begun to speak, and must not fall silent */
const speaking = new Set();

/** Answers the member's messages on one connection of a node. */
function speak(node, socket) {
  const open = sessions.get(node.address);
  let received = Buffer.alloc(0);
  let isEstablished = false;
  open.add(socket);
  socket.setNoDelay(true);
  socket.on('error', () => {});
  socket.on('close', () => {
    open.delete(socket);
    speaking.delete(socket);
    if (open.size === 0) setTimeout(begin, connectDelay * 1000, node);
  });
  socket.on('data', (data) => {
    received = Buffer.concat([received, data]);
    while (received.length >= 19 && received.length >= received.readUInt16BE(16)) {
      const type = received.readUInt8(18);
      received = received.subarray(received.readUInt16BE(16));
      if (type === types.open) {
        speaking.add(socket);
        socket.write(Buffer.concat([openMessage(node), message(types.keepalive)]));
      } else if (type === types.keepalive && !isEstablished) {
        isEstablished = true;
        socket.write(updateMessage(node));
      }
    }
  });
}

function begin(node) {
  if (sessions.get(node.address).size > 0) return;
  speak(node, connect({ host: member, port, localAddress: node.address }));
}

const byAddress = new Map(nodes.map((node) => [node.address, node]));
createServer((socket) => {
  const node = byAddress.get(socket.localAddress);
  if (node) speak(node, socket);
  else socket.destroy();
}).listen(port, '0.0.0.0', () => nodes.forEach(begin));

setInterval(() => {
  for (const socket of speaking) socket.write(message(types.keepalive));
}, keepalive * 1000);
