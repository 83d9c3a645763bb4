// The target inside the node: `echo.lumi.test` answers what a target sees. It listens on loopback and is reached by its
// name only, through the proxy.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { plainAddress } from '@lumi/shared/addresses';
import type { Target } from '@lumi/shared/egress';
import { selfSigned } from './echo-certificate';

export const ECHO_HOST = 'echo.lumi.test';
const BYTES_MAX = 1_000_000_000;
const BYTES_PATH = /^\/bytes\/(\d{1,10})(?:\?.*)?$/;
const PART = Buffer.alloc(65_536, 'lumi');
const REQUEST_MS = 60_000;
const CONNECTIONS_MAX = 20_000;
const LOOPBACKS = { 4: '127.0.0.1', 6: '::1' } as const;

/** Where one of its ports listens on this machine. */
interface Place {
  readonly address: string;
  readonly port: number;
}
type Places = Readonly<Record<4 | 6, Place | null>>;

export class Echo {
  private servers: Server[] = [];
  private places: Readonly<Record<number, Places>> = {};

  constructor(private readonly loopbacks: Readonly<Record<4 | 6, string>> = LOOPBACKS) {}

  async open(): Promise<void> {
    const { key, cert } = selfSigned(ECHO_HOST);
    const create = { 80: () => createServer(answer), 443: () => createTlsServer({ key, cert }, answer) };
    this.places = { 80: await this.listen(create[80]), 443: await this.listen(create[443]) };
  }

  isTarget({ host }: Target): boolean {
    return host === ECHO_HOST;
  }

  /** On loopback. `target`: the echo has no such port; `family`: this machine has no loopback of this family. */
  placeOf({ port }: Target, family: 4 | 6): Place | 'target' | 'family' {
    const places = this.places[port];
    return places === undefined ? 'target' : (places[family] ?? 'family');
  }

  async close(): Promise<void> {
    await Promise.all(
      this.servers.map(async (server) => {
        if (!server.listening) return;
        const closed = once(server, 'close');
        server.close();
        server.closeAllConnections();
        await closed;
      }),
    );
  }

  /** On each loopback address that this machine has, each with a port of its own. */
  private async listen(create: () => Server): Promise<Places> {
    return { 4: await this.listenAt(create(), this.loopbacks[4]), 6: await this.listenAt(create(), this.loopbacks[6]) };
  }

  /** Null: it cannot listen there. */
  private async listenAt(server: Server, address: string): Promise<Place | null> {
    server.maxConnections = CONNECTIONS_MAX;
    server.requestTimeout = REQUEST_MS;
    server.listen(0, address);
    const isOpen = await once(server, 'listening').then(
      () => true,
      () => false,
    );
    server.on('error', () => undefined); // one connection could not be accepted; the next ones can
    if (!isOpen) return null;
    this.servers.push(server);
    return { address, port: (server.address() as AddressInfo).port }; // it listens on a port
  }
}

function answer(req: IncomingMessage, res: ServerResponse): void {
  const size = Number(BYTES_PATH.exec(req.url ?? '')?.[1] ?? Number.NaN);
  req.on('error', () => undefined);
  if (Number.isNaN(size)) return describe(req, res);
  req.resume();
  if (size > BYTES_MAX) {
    res.writeHead(400, { 'Content-Type': 'text/plain' });
    res.end(`At most ${String(BYTES_MAX)} bytes.\n`);
    return undefined;
  }
  res.writeHead(200, { 'Content-Type': 'application/octet-stream', 'Content-Length': size });
  return send(res, size);
}

function describe(req: IncomingMessage, res: ServerResponse): void {
  let received = 0;
  req.on('data', (chunk: Buffer) => {
    received += chunk.length;
  });
  req.on('end', () => {
    const seen = {
      ip: plainAddress(req.socket.remoteAddress ?? ''),
      method: req.method,
      path: req.url,
      headers: pairsOf(req.rawHeaders),
      body_bytes: received,
    };
    const body = Buffer.from(`${JSON.stringify(seen, null, 2)}\n`);
    res.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': body.length });
    res.end(body);
  });
}

function pairsOf(raw: readonly string[]): (readonly [string, string])[] {
  return raw.flatMap((name, i) => (i % 2 === 0 ? [[name, raw[i + 1] ?? ''] as const] : []));
}

function send(res: ServerResponse, size: number): void {
  let left = size;
  const more = (): void => {
    while (left > 0) {
      const part = left < PART.length ? PART.subarray(0, left) : PART;
      left -= part.length;
      if (!res.write(part)) {
        res.once('drain', more);
        return;
      }
    }
    res.end();
  };
  more();
}
