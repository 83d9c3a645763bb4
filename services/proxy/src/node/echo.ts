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
const LOOPBACKS = ['127.0.0.1', '::1'];

export class Echo {
  private servers: Server[] = [];
  private ports: Readonly<Record<number, number>> = {};

  async open(): Promise<void> {
    const { key, cert } = selfSigned(ECHO_HOST);
    this.ports = {
      80: await this.listen(() => createServer(answer)),
      443: await this.listen(() => createTlsServer({ key, cert }, answer)),
    };
  }

  isTarget({ host }: Target): boolean {
    return host === ECHO_HOST;
  }

  /** On loopback. Null: the echo has no such port. */
  portOf({ port }: Target): number | null {
    return this.ports[port] ?? null;
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

  /** The same port on both loopback addresses; a machine may have no IPv6. */
  private async listen(create: () => Server): Promise<number> {
    let port = 0;
    for (const host of LOOPBACKS) {
      const server = create();
      server.maxConnections = CONNECTIONS_MAX;
      server.requestTimeout = REQUEST_MS;
      server.listen(port, host);
      const isOpen = await once(server, 'listening').then(
        () => true,
        () => false,
      );
      if (!isOpen) continue;
      this.servers.push(server);
      port = (server.address() as AddressInfo).port; // it listens on a port
    }
    return port;
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
