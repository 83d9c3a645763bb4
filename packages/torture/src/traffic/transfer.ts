// One transfer through the node, as a customer's program makes it: plain HTTP, CONNECT or SOCKS5, down or up, whole or
// broken off.
import { connect, type Socket } from 'node:net';
import type { Subject } from './subjects';

export const CARRIED_BY = ['http', 'connect', 'socks5'] as const;
export type CarriedBy = (typeof CARRIED_BY)[number];

export interface TransferWish {
  readonly id: string;
  readonly subject: Subject;
  readonly by: CarriedBy;
  readonly host: string;
  readonly port: number;
  readonly size: number | 'slow';
  readonly isUpload: boolean;
  /** The client breaks off after so many bytes of the target's. */
  readonly breakAfter?: number | undefined;
  readonly limitMs: number;
  /** The first byte of the target's answer has come. */
  readonly onBegun?: (() => void) | undefined;
}

export interface Transfer {
  readonly id: string;
  readonly subject: Subject;
  readonly by: CarriedBy;
  /** Bytes of the target's body that the client got. */
  readonly got: number;
  readonly isComplete: boolean;
  /** The node's word; of SOCKS5 the code; that there was no connection. Null: it did not refuse. */
  readonly refusal: string | null;
}

const HEAD_END = '\r\n\r\n';
const CHUNK = Buffer.alloc(32 * 1024, 'x');

class Ended extends Error {}

/** Bytes as they come: taken by the piece, then only counted. */
class Incoming {
  count = 0;
  private bytes: Buffer = Buffer.alloc(0);
  private isCounting = false;
  private isOver = false;
  private wake: () => void = () => undefined;

  constructor(readonly socket: Socket) {
    socket.setNoDelay(true);
    socket.on('data', (bytes: Buffer) => {
      if (this.isCounting) this.count += bytes.length;
      else this.bytes = Buffer.concat([this.bytes, bytes]);
      this.wake();
    });
    socket.on('error', () => undefined); // `close` follows
    socket.on('close', () => {
      this.isOver = true;
      this.wake();
    });
  }

  /** So many bytes, or everything up to a text. */
  async take(wanted: number | string): Promise<Buffer> {
    for (;;) {
      const found = typeof wanted === 'number' ? wanted : this.bytes.indexOf(wanted) + wanted.length;
      const isThere = typeof wanted === 'number' ? this.bytes.length >= wanted : found >= wanted.length;
      if (isThere) {
        const taken = this.bytes.subarray(0, found);
        this.bytes = this.bytes.subarray(found);
        return taken;
      }
      if (this.isOver) throw new Ended('the connection has ended');
      await this.more();
    }
  }

  async countTo(wanted: number): Promise<void> {
    this.isCounting = true;
    this.count += this.bytes.length;
    this.bytes = Buffer.alloc(0);
    while (this.count < wanted && !this.isOver) await this.more();
  }

  private more(): Promise<void> {
    return new Promise((resolve) => (this.wake = resolve));
  }
}

export async function transfer(wish: TransferWish): Promise<Transfer> {
  const { id, subject, by, size, isUpload, breakAfter, limitMs } = wish;
  const socket = connect(by === 'socks5' ? subject.socksPort : subject.httpPort, '127.0.0.1');
  const incoming = new Incoming(socket);
  let isConnected = false;
  socket.once('connect', () => (isConnected = true));
  const late = setTimeout(() => socket.resetAndDestroy(), limitMs);
  const outcome = { id, subject, by, isComplete: false, refusal: null as string | null };
  try {
    if (by !== 'http') outcome.refusal = await openTunnel(incoming, wish);
    if (outcome.refusal !== null) return { ...outcome, got: 0 };
    socket.write(requestOf(wish));
    if (isUpload) await upload(socket, Number(size));
    const head = (await incoming.take(HEAD_END)).toString('latin1');
    outcome.refusal = refusalOf(head);
    if (outcome.refusal !== null) return { ...outcome, got: 0 };
    wish.onBegun?.();
    const wanted = isUpload ? 0 : size === 'slow' ? Infinity : size;
    await incoming.countTo(Math.min(wanted, breakAfter ?? Infinity));
    outcome.isComplete = incoming.count === wanted && head.startsWith('HTTP/1.1 200');
    if (outcome.isComplete) socket.end();
    else socket.resetAndDestroy();
  } catch (err) {
    if (!(err instanceof Ended)) throw err;
    if (!isConnected) outcome.refusal = 'no connection';
  } finally {
    clearTimeout(late);
    if (!outcome.isComplete) socket.destroy();
  }
  return { ...outcome, got: incoming.count };
}

/** Null: it is open. */
async function openTunnel(incoming: Incoming, { by, subject, host, port }: TransferWish): Promise<string | null> {
  const { socket } = incoming;
  if (by === 'connect') {
    socket.write(`CONNECT ${host}:${port} HTTP/1.1\r\nHost: ${host}:${port}\r\n${authorization(subject)}\r\n`);
    return refusalOf((await incoming.take(HEAD_END)).toString('latin1'));
  }
  const [name, word] = [Buffer.from(subject.username), Buffer.from(subject.password)];
  socket.write(Buffer.from([5, 1, 2]));
  if ((await incoming.take(2))[1] !== 2) return 'method';
  socket.write(Buffer.concat([Buffer.from([1, name.length]), name, Buffer.from([word.length]), word]));
  if ((await incoming.take(2))[1] !== 0) return 'credentials';
  const target = Buffer.from(host);
  socket.write(
    Buffer.concat([Buffer.from([5, 1, 0, 3, target.length]), target, Buffer.from([port >> 8, port & 0xff])]),
  );
  const code = (await incoming.take(10))[1] ?? 0;
  return code === 0 ? null : `code ${code}`;
}

function requestOf({ id, subject, by, host, port, size, isUpload }: TransferWish): string {
  const where = by === 'http' ? `http://${host}:${port}` : '';
  return [
    `${isUpload ? 'PUT' : 'GET'} ${where}/${size} HTTP/1.1`,
    `Host: ${host}:${port}`,
    `For: ${id} ${subject.id}`,
    'Connection: close',
    ...(isUpload ? [`Content-Length: ${size}`] : []),
    `${by === 'http' ? authorization(subject) : ''}\r\n`,
  ].join('\r\n');
}

function authorization({ username, password }: Subject): string {
  return `Proxy-Authorization: Basic ${Buffer.from(`${username}:${password}`).toString('base64')}\r\n`;
}

function refusalOf(head: string): string | null {
  return /^proxy-status: lumi; error=\w+; details="(\w+)"/im.exec(head)?.[1] ?? null;
}

async function upload(socket: Socket, size: number): Promise<void> {
  for (let left = size; left > 0 && !socket.destroyed; left -= CHUNK.length)
    if (!socket.write(CHUNK.subarray(0, Math.min(left, CHUNK.length))))
      await new Promise<void>((resolve) => {
        socket.once('drain', resolve);
        socket.once('close', () => resolve());
      });
}
