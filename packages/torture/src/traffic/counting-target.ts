// What traffic is sent to: it answers `GET /<bytes>` with so many, takes `PUT /<bytes>`, and counts what its
// connections carried both ways, by the request's field `For`: `<transfer> <subject>`. It knows nothing of what is
// billed.
import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';

const CHUNK = Buffer.alloc(32 * 1024, 'x');
const HEAD_BYTES_MAX = 16 * 1024;
const HEAD_END = '\r\n\r\n';
/** `GET /slow`: so many bytes so often, until a client or the node ends it. */
const SLOW = { bytes: 1_024, everyMs: 50 };
const BUCKET_MS = 50;

interface Carried {
  total: number;
  /** Bytes by time, in steps of BUCKET_MS. */
  readonly times: Map<number, number>;
}

export class CountingTarget {
  private readonly server = createServer((socket) => this.accept(socket));
  private readonly sockets = new Set<Socket>();
  private readonly bySubject = new Map<string, Carried>();
  private readonly byTransfer = new Map<string, number>();

  async open(): Promise<this> {
    this.server.listen(0, '127.0.0.1');
    await once(this.server, 'listening');
    return this;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  get openCount(): number {
    return this.sockets.size;
  }

  carriedFor(subject: string): number {
    return this.bySubject.get(subject)?.total ?? 0;
  }

  carriedBy(transfer: string): number {
    return this.byTransfer.get(transfer) ?? 0;
  }

  /** Of the time between these two, by `performance.now`. */
  carriedBetween(subject: string, fromMs: number, toMs: number): number {
    const buckets = [...(this.bySubject.get(subject)?.times ?? [])];
    return buckets
      .filter(([bucket]) => (bucket + 1) * BUCKET_MS > fromMs && bucket * BUCKET_MS <= toMs)
      .reduce((sum, [, bytes]) => sum + bytes, 0);
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private accept(socket: Socket): void {
    this.sockets.add(socket);
    let head = '';
    let counted = 0;
    let told: { transfer: string; subject: string } | undefined;
    const count = (): void => {
      if (told === undefined) return;
      const all = socket.bytesRead + socket.bytesWritten;
      this.note(told, all - counted);
      counted = all;
    };
    socket.on('error', () => undefined); // `close` follows
    socket.on('close', () => {
      count();
      this.sockets.delete(socket);
    });
    socket.on('data', (bytes: Buffer) => {
      count();
      if (told !== undefined) return;
      head += bytes.toString('latin1');
      if (head.length > HEAD_BYTES_MAX && !head.includes(HEAD_END)) socket.destroy();
      if (!head.includes(HEAD_END)) return;
      const [, transfer = 'unknown', subject = 'unknown'] = /^for: (\S+) (\S+)/im.exec(head) ?? [];
      told = { transfer, subject };
      count();
      serve(socket, head, count);
    });
  }

  private note({ transfer, subject }: { transfer: string; subject: string }, bytes: number): void {
    this.byTransfer.set(transfer, this.carriedBy(transfer) + bytes);
    const carried = this.bySubject.get(subject) ?? { total: 0, times: new Map<number, number>() };
    this.bySubject.set(subject, carried);
    carried.total += bytes;
    const bucket = Math.floor(performance.now() / BUCKET_MS);
    carried.times.set(bucket, (carried.times.get(bucket) ?? 0) + bytes);
  }
}

function serve(socket: Socket, head: string, count: () => void): void {
  const [, method, path = ''] = /^(GET|PUT) \/(\w+)/.exec(head) ?? [];
  const size = Number(path);
  if (method === 'PUT') {
    const end = head.indexOf(HEAD_END) + HEAD_END.length;
    const finish = (): void => {
      if (socket.bytesRead >= end + size)
        socket.end('HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
    };
    socket.on('data', finish);
    finish();
    return;
  }
  const isSlow = path === 'slow';
  const length = isSlow ? 1_000_000_000 : size;
  socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${length}\r\nConnection: close\r\n\r\n`);
  const send = (left: number): void => {
    count();
    if (socket.destroyed) return;
    if (left === 0) {
      socket.end();
      return;
    }
    const bytes = Math.min(left, isSlow ? SLOW.bytes : CHUNK.length);
    socket.write(CHUNK.subarray(0, bytes), () => {
      if (isSlow) setTimeout(() => send(left - bytes), SLOW.everyMs);
      else send(left - bytes);
    });
  };
  send(length);
}
