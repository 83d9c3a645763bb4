// The server of every process with a small app, and raw sockets to it. It is ended after each test.
import net from 'node:net';
import type { IncomingMessage } from 'node:http';
import express, { type Express } from 'express';
import { AppError } from '../../../ground/contract';
import { systemClock } from '../../../ground/runtime';
import { createHttpServer, type HttpServer, type ServerOptions } from '..';

export const open: { server: HttpServer; sockets: net.Socket[] }[] = [];
afterEach(async () => {
  for (const { server, sockets } of open.splice(0)) {
    for (const socket of sockets) socket.destroy();
    server.server.closeAllConnections();
    await server.drain(1_000);
  }
});

export interface TestServer {
  readonly app: Express;
  readonly begun: string[];
  /** Lets the oldest request that waits at `/slow` go on. */
  release(): void;
  connect(localAddress?: string): net.Socket & { said: string };
}

export async function startServer(options: Partial<ServerOptions> = {}): Promise<TestServer> {
  const app = express();
  const begun: string[] = [];
  const waiting: (() => void)[] = [];
  app.use((req, _res, next) => {
    begun.push(req.url);
    next();
  });
  app.get('/slow', (_req, res) => waiting.push(() => res.end('slow')));
  app.get('/huge', (_req, res) => res.end(HUGE));
  app.get('/large', (_req, res) => res.end(Buffer.alloc(6_000_000, 'x')));
  app.post('/echo', (req: IncomingMessage, res) => {
    const chunks: Buffer[] = [];
    // Read late, as after a query to a database.
    setImmediate(() =>
      req.on('data', (chunk: Buffer) => chunks.push(chunk)).on('end', () => res.end(Buffer.concat(chunks))),
    );
  });
  app.post('/refused', () => {
    throw new AppError('payload_too_large');
  });
  app.get('/{*rest}', (req, res) => res.end(req.url));
  const server = createHttpServer(app, { clock: systemClock, ...options });
  const port = await server.listen('127.0.0.1', 0);
  const sockets: net.Socket[] = [];
  open.push({ server, sockets });
  return {
    app,
    begun,
    release: () => waiting.shift()?.(),
    connect: (localAddress = '127.0.0.1') => {
      const socket = Object.assign(net.connect({ port, host: '127.0.0.1', localAddress }), { said: '' });
      socket.on('data', (chunk: Buffer) => (socket.said += chunk.toString('latin1')));
      socket.on('error', () => undefined);
      sockets.push(socket);
      return socket;
    },
  };
}

export const HUGE = Buffer.alloc(24_000_000, 'x');
export const get = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`;
export const post = (body: string): string =>
  `POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: ${String(body.length)}\r\n\r\n${body}`;
export const bodies = (said: string): string[] =>
  said
    .split(/HTTP\/1\.1 /)
    .slice(1)
    .map((answer) => answer.split('\r\n\r\n')[1] ?? '');

export function connectionsOf(server: HttpServer | undefined): Promise<number> {
  return new Promise((resolve) => server?.server.getConnections((_err, count) => resolve(count)));
}
