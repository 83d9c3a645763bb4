// A name server for tests.
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';

const QUESTION_AT = 12;
const NXDOMAIN = 3;

/** Answers from a table: `name` → [ttl, …addresses]; a name that is not there does not exist. */
export class NameServer {
  readonly asked: string[] = [];
  readonly records = new Map<string, readonly [ttl: number, ...addresses: string[]]>();
  private constructor(private readonly socket: Socket) {
    socket.on('message', (message, { port, address }) => {
      const answer = this.answer(message);
      if (answer !== null) socket.send(answer, port, address);
    });
  }

  static async open(port = 0, host = '127.0.0.1'): Promise<NameServer> {
    const socket = createSocket('udp4');
    socket.bind(port, host);
    await once(socket, 'listening');
    return new NameServer(socket);
  }

  get address(): string {
    const { port }: AddressInfo = this.socket.address();
    return `127.0.0.1:${String(port)}`;
  }

  close(): void {
    this.socket.close();
  }

  private answer(query: Buffer): Buffer | null {
    const labels: string[] = [];
    let at = QUESTION_AT;
    for (let size = query[at] ?? 0; size > 0; size = query[at] ?? 0) {
      labels.push(query.subarray(at + 1, at + 1 + size).toString('latin1'));
      at += size + 1;
    }
    const type = query.readUInt16BE(at + 1);
    const name = labels.join('.').toLowerCase();
    this.asked.push(`${type === 1 ? 'A' : 'AAAA'} ${name}`);
    const known = this.records.get(name);
    if (known?.[0] === -1) return null; // silence
    const [ttl, ...all] = known ?? [0];
    const addresses = all.filter((address) => address.includes(':') === (type === 28));
    const head = Buffer.from(query.subarray(0, at + 5));
    head.writeUInt16BE(0x8180 | (known === undefined ? NXDOMAIN : 0), 2);
    head.writeUInt16BE(addresses.length, 6);
    head.writeUInt32BE(0, 8);
    const answers = addresses.map((address) => {
      const data = type === 1 ? Buffer.from(address.split('.').map(Number)) : ipv6Bytes(address);
      const record = Buffer.alloc(12);
      record.writeUInt16BE(0xc00c, 0);
      record.writeUInt16BE(type, 2);
      record.writeUInt16BE(1, 4);
      record.writeUInt32BE(ttl, 6);
      record.writeUInt16BE(data.length, 10);
      return Buffer.concat([record, data]);
    });
    return Buffer.concat([head, ...answers]);
  }
}

function ipv6Bytes(address: string): Buffer {
  const [before = '', after = ''] = address.split('::');
  const words = (text: string): string[] => text.split(':').filter((word) => word !== '');
  const zeros = Array.from({ length: 8 - words(before).length - words(after).length }, () => '0');
  return Buffer.from(
    [...words(before), ...zeros, ...words(after)].map((word) => word.padStart(4, '0')).join(''),
    'hex',
  );
}
