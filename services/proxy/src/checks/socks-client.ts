// The client's side of SOCKS5 (RFC 1928, 1929) with a pair: opens a tunnel through an entry.
import { once } from 'node:events';
import type { Socket } from 'node:net';
import type { Target } from '@lumi/shared/egress';

export type SocksAnswer =
  | { readonly kind: 'open' }
  /** The pair was not taken. */
  | { readonly kind: 'login' }
  | { readonly kind: 'refused'; readonly code: number };

const [VERSION, PASSWORD, CONNECT, NAME] = [5, 2, 1, 3];
/** Of the bound address in a reply, with its port. */
const ADDRESS_SIZES: Readonly<Record<number, number>> = { 1: 6, 4: 18 };

/** Rejects when the entry answers in another form, ends the connection, or the signal aborts. */
export async function openBySocks(
  socket: Socket,
  [name, password]: readonly [string, string],
  { host, port }: Target,
  signal: AbortSignal,
): Promise<SocksAnswer> {
  socket.write(Buffer.from([VERSION, 1, PASSWORD]));
  const method = await take(socket, 2, signal);
  if (method[0] !== VERSION || method[1] !== PASSWORD) return { kind: 'login' };
  socket.write(Buffer.concat([Buffer.from([1]), sized(name), sized(password)]));
  if ((await take(socket, 2, signal))[1] !== 0) return { kind: 'login' };
  socket.write(
    Buffer.concat([Buffer.from([VERSION, CONNECT, 0, NAME]), sized(host), Buffer.from([port >> 8, port & 0xff])]),
  );
  const [version, code = 1, , type = 0] = await take(socket, 4, signal);
  if (version !== VERSION) throw new Error('the answer is not of SOCKS5');
  if (code !== 0) return { kind: 'refused', code };
  const size = type === NAME ? ((await take(socket, 1, signal))[0] ?? 0) + 2 : ADDRESS_SIZES[type];
  if (size === undefined) throw new Error('the answer has an address of no known type');
  await take(socket, size, signal);
  return { kind: 'open' };
}

function sized(text: string): Buffer {
  const bytes = Buffer.from(text);
  return Buffer.concat([Buffer.from([bytes.length]), bytes]);
}

async function take(socket: Socket, size: number, signal: AbortSignal): Promise<Buffer> {
  for (;;) {
    const bytes = socket.read(size) as Buffer | null; // no encoding is set
    if (bytes?.length === size) return bytes;
    if (bytes !== null || socket.readableEnded || socket.destroyed) throw new Error('the connection has ended');
    await once(socket, 'readable', { signal });
  }
}
