// What no node may dial: a listener on loopback that the node's operator has not lifted, and a name server whose names
// lead to loopback. Whatever comes to the listener is a breach.
import { createSocket, type Socket as DatagramSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';

/** Every name below it is 127.0.0.1. */
const ZONE = '.torture.test';
/** Beside that it has an address of the public internet. */
const MIXED = 'mixed';
const PUBLIC = [1, 1, 1, 1];
const LOOPBACK = [127, 0, 0, 1];
const QUERY_BYTES_MIN = 17;
const TYPE_A = 1;
const TTL_S = 1;

/** How a customer may write 127.0.0.1. */
export const SPELLINGS: readonly string[] = [
  `inside${ZONE}`,
  `${MIXED}${ZONE}`,
  'localhost',
  '127.1',
  '2130706433',
  '0x7f.0.0.1',
  '0177.0.0.1',
  '127.64.0.1',
  '127.0.0.1',
];

export class Forbidden {
  /** Connections that should not be. */
  dialled = 0;
  private readonly sockets = new Set<Socket>();
  private readonly listener = createServer((socket) => {
    this.dialled += 1;
    this.sockets.add(socket);
    socket.on('error', () => undefined); // it was counted
    socket.resume();
    socket.end('HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
  });
  private readonly names: DatagramSocket = createSocket('udp4');

  async open(): Promise<this> {
    this.listener.listen(0, '0.0.0.0');
    await once(this.listener, 'listening');
    this.names.on('message', (query, from) => {
      const answer = answerTo(query);
      if (answer !== null) this.names.send(answer, from.port, from.address);
    });
    this.names.bind(0, '127.0.0.1');
    await once(this.names, 'listening');
    return this;
  }

  get port(): number {
    return (this.listener.address() as AddressInfo).port;
  }

  /** As `PROXY_NODE_RESOLVERS` has it. */
  get resolver(): string {
    return `127.0.0.1:${this.names.address().port}`;
  }

  async close(): Promise<void> {
    this.names.close();
    for (const socket of this.sockets) socket.destroy();
    await new Promise((resolve) => this.listener.close(resolve));
  }
}

/** A name that leads to the counting target's address. */
export function nameOfTarget(n: number): string {
  return `t${n}${ZONE}`;
}

/** RFC 1035, section 4: one question, and the addresses of its name. */
function answerTo(query: Buffer): Buffer | null {
  if (query.length < QUERY_BYTES_MIN) return null;
  const labels: string[] = [];
  let at = 12;
  for (let size = query[at] ?? 0; size > 0 && at + size < query.length; size = query[at] ?? 0) {
    labels.push(query.subarray(at + 1, at + 1 + size).toString('latin1'));
    at += 1 + size;
  }
  const end = at + 5;
  if (end > query.length) return null;
  const isOurs = `.${labels.join('.').toLowerCase()}`.endsWith(ZONE);
  const found = labels[0]?.toLowerCase() === MIXED ? [PUBLIC, LOOPBACK] : [LOOPBACK];
  const addresses = isOurs && query.readUInt16BE(at + 1) === TYPE_A ? found : [];
  const head = Buffer.from([
    query[0] ?? 0,
    query[1] ?? 0,
    0x81,
    isOurs ? 0x80 : 0x83,
    0,
    1,
    0,
    addresses.length,
    0,
    0,
    0,
    0,
  ]);
  const records = addresses.map((address) =>
    Buffer.from([0xc0, 12, 0, TYPE_A, 0, 1, 0, 0, 0, TTL_S, 0, 4, ...address]),
  );
  return Buffer.concat([head, query.subarray(12, end), ...records]);
}
