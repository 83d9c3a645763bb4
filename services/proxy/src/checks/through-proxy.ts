// One request through a proxy: a connection to its entry and nowhere else, over its protocol, to a target. What the
// target says is read as far as a check needs it, and shown to nobody.
import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { connect as connectTcp, isIP } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import { elapsedMs } from '@lumi/shared/runtime';
import { resetNow } from '../node/sockets';
import type { CheckTarget } from './check-targets';
import { openBySocks } from './socks-client';

export interface Wish {
  readonly entry: { readonly host: string; readonly port: number };
  /** `tunnel`: CONNECT, whatever the target. */
  readonly way: 'http' | 'tunnel' | 'socks5';
  readonly pair: readonly [name: string, password: string];
  readonly target: CheckTarget;
}

/** What was waited for when it failed. */
export type Stage = 'entry' | 'proxy' | 'tls' | 'target';

export type Passing =
  | { readonly kind: 'answered'; readonly status: number; readonly latencyMs: number; readonly seenIp: string | null }
  /** `word` null: the protocol has only a code. */
  | { readonly kind: 'refused'; readonly word: string | null; readonly code: number | null }
  | { readonly kind: 'failed'; readonly at: Stage; readonly isTooLate: boolean };

const HEAD_MAX = 16 * 1024;
const BODY_MAX = 32 * 1024;
const STATUS = /^lumi;.*details="([a-z]{1,32})"/;

/** Never rejects. All of it ends when the signal aborts. */
export async function throughProxy(wish: Wish, signal: AbortSignal): Promise<Passing> {
  const begin = elapsedMs();
  const { entry, target } = wish;
  let stage: Stage = 'entry';
  const socket = connectTcp(entry.port, entry.host);
  socket.on('error', () => undefined); // the waiting step rejects too
  let wrapped: Duplex | null = null;
  try {
    await once(socket, 'connect', { signal });
    stage = 'proxy';
    const isPlain = wish.way === 'http' && !target.isTls;
    const refusal = isPlain ? null : await openTunnel(wish, socket, signal);
    if (refusal !== null) return refusal;
    let stream: Duplex = socket;
    if (target.isTls) {
      stage = 'tls';
      const { host, isAddress } = target.target;
      const name = isAddress ? {} : { servername: host };
      stream = wrapped = connectTls({ socket, ...name, rejectUnauthorized: !target.isEcho });
      stream.on('error', () => undefined);
      await once(stream, 'secureConnect', { signal });
    }
    if (!isPlain) stage = 'target';
    const answer = await ask(stream, isPlain ? plainRequest(wish) : { path: target.path, headers: {} }, wish, signal);
    const word = isPlain ? wordOf(answer) : null;
    if (word !== null) return { kind: 'refused', word, code: null };
    stage = 'target';
    const latencyMs = Math.round(elapsedMs() - begin);
    const seenIp = target.isEcho ? await readSeen(answer) : null;
    return { kind: 'answered', status: answer.statusCode ?? 0, latencyMs, seenIp };
  } catch {
    return { kind: 'failed', at: stage, isTooLate: signal.aborted };
  } finally {
    // The node waits no longer for what nobody reads. What TLS wraps cannot be reset.
    if (wrapped === null) resetNow(socket);
    else wrapped.destroy();
    socket.destroy();
  }
}

/** Null: the tunnel is open. */
async function openTunnel(
  { way, pair, target: { target } }: Wish,
  socket: ReturnType<typeof connectTcp>,
  signal: AbortSignal,
): Promise<Passing | null> {
  if (way === 'socks5') {
    const answer = await openBySocks(socket, pair, target, signal);
    if (answer.kind === 'open') return null;
    if (answer.kind === 'login') return { kind: 'refused', word: 'credentials', code: null };
    return { kind: 'refused', word: null, code: answer.code };
  }
  const place = `${target.host.includes(':') ? `[${target.host}]` : target.host}:${String(target.port)}`;
  const request = httpRequest({
    method: 'CONNECT',
    path: place,
    headers: { Host: place, 'Proxy-Authorization': basic(pair) },
    setHost: false,
    maxHeaderSize: HEAD_MAX,
    createConnection: () => socket,
  });
  request.on('error', () => undefined); // the waiting step rejects too
  request.end();
  const [answer, , head] = (await once(request, 'connect', { signal })) as [IncomingMessage, Duplex, Buffer];
  if (answer.statusCode !== 200) return { kind: 'refused', word: wordOf(answer), code: null };
  if (head.length > 0) socket.unshift(head);
  return null;
}

interface Asked {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
}

function plainRequest({ pair, target: { authority, path } }: Wish): Asked {
  return { path: `http://${authority}${path}`, headers: { 'Proxy-Authorization': basic(pair) } };
}

async function ask(
  stream: Duplex,
  { path, headers }: Asked,
  { target: { authority } }: Wish,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  const request = httpRequest({
    method: 'GET',
    path,
    headers: { Host: authority, Accept: '*/*', Connection: 'close', ...headers },
    setHost: false,
    maxHeaderSize: HEAD_MAX,
    createConnection: () => stream,
  });
  request.on('error', () => undefined); // the waiting step rejects too
  request.end();
  const [answer] = (await once(request, 'response', { signal })) as [IncomingMessage];
  answer.on('error', () => undefined);
  return answer;
}

/** The node lets no such field of a target through, so it is the node's own. */
function wordOf({ headers }: IncomingMessage): string | null {
  const status = headers['proxy-status'];
  return STATUS.exec(Array.isArray(status) ? (status[0] ?? '') : (status ?? ''))?.[1] ?? null;
}

/** The address that the built-in target saw. Null: what it says cannot be read. */
async function readSeen(answer: IncomingMessage): Promise<string | null> {
  const parts: Buffer[] = [];
  let size = 0;
  try {
    for await (const part of answer as AsyncIterable<Buffer>) {
      parts.push(part);
      if ((size += part.length) > BODY_MAX) return null;
    }
    const { ip } = JSON.parse(Buffer.concat(parts).toString('utf8')) as { ip?: unknown };
    return typeof ip === 'string' && isIP(ip) !== 0 ? ip : null;
  } catch {
    return null;
  }
}

function basic([name, password]: readonly [string, string]): string {
  return `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}`;
}
