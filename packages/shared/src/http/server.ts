// The HTTP server every process uses: bounded headers, time-outs and connections; JSON bodies for the parser's own errors;
// a drain that lets running requests finish; and Express's prototypes from the start (on Node 20 Express otherwise swaps the
// prototype of every request and response, which costs half its speed; see shared measurements in docs/performance.md).
import http from 'node:http';
import type { Socket } from 'node:net';
import type { Express } from 'express';
import { newId } from '../contract';
import type { Clock } from '../runtime';
import { rawErrorResponse } from './errors';

export interface ServerOptions {
  readonly clock: Clock;
  /** Bytes of all headers together; beyond that 431. */
  readonly maxHeaderBytes?: number;
  /** From the first byte of a request to its last; beyond that 408: slow clients are cut off. */
  readonly requestTimeoutMs?: number;
  readonly headersTimeoutMs?: number;
  readonly keepAliveTimeoutMs?: number;
  readonly maxConnections?: number;
  /** Told of what the parser refused, which no app ever sees. */
  readonly onParserError?: (refusal: ParserRefusal) => void;
}

export interface ParserRefusal {
  readonly code: 'bad_request' | 'headers_too_large' | 'request_timeout';
  readonly requestId: string;
  readonly peer: string;
}

export interface HttpServer {
  listen(host: string, portNumber: number): Promise<number>;
  /** Stops accepting, closes idle connections, waits for running requests up to `limitMs`, then cuts. */
  drain(limitMs?: number): Promise<void>;
  readonly server: http.Server;
}

export function createHttpServer(app: Express, options: ServerOptions): HttpServer {
  const server = http.createServer(
    {
      ...expressPrototypes(app),
      maxHeaderSize: options.maxHeaderBytes ?? 16_384,
      requestTimeout: options.requestTimeoutMs ?? 30_000,
      headersTimeout: options.headersTimeoutMs ?? 10_000,
      keepAliveTimeout: options.keepAliveTimeoutMs ?? 65_000,
      connectionsCheckingInterval: 1_000,
      requireHostHeader: true,
      insecureHTTPParser: false,
    },
    app,
  );
  server.maxHeadersCount = 100;
  server.maxConnections = options.maxConnections ?? 10_000;
  server.on('clientError', (err: NodeJS.ErrnoException, socket: Socket) => answerParserError(err, socket, options));
  return {
    server,
    listen: (host, portNumber) =>
      new Promise((resolve, reject) => {
        server.once('error', reject);
        server.listen(portNumber, host, () => {
          server.off('error', reject);
          const address = server.address();
          resolve(typeof address === 'object' && address !== null ? address.port : portNumber);
        });
      }),
    drain: (limitMs = 10_000) =>
      new Promise((resolve) => {
        const cut = setTimeout(() => server.closeAllConnections(), limitMs);
        // A connection is idle only after its last answer; Node looks once, at the beginning.
        const sweep = setInterval(() => server.closeIdleConnections(), 50);
        server.close(() => {
          clearTimeout(cut);
          clearInterval(sweep);
          resolve();
        });
        server.closeIdleConnections();
      }),
  };
}

function answerParserError(err: NodeJS.ErrnoException, socket: Socket, { clock, onParserError }: ServerOptions): void {
  if (err.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const code = err.code === 'HPE_HEADER_OVERFLOW' ? 'headers_too_large' : err.code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 'request_timeout' : 'bad_request';
  const requestId = newId('req', clock.nowMs());
  onParserError?.({ code, requestId, peer: socket.remoteAddress ?? '' });
  socket.end(rawErrorResponse(code, requestId), () => socket.destroy());
}

/** Constructors whose prototypes are Express's own, so that Express's per-request prototype swap changes nothing. */
function expressPrototypes(app: Express): { IncomingMessage: typeof http.IncomingMessage; ServerResponse: typeof http.ServerResponse } {
  function Req(this: http.IncomingMessage, socket: Socket): void {
    (http.IncomingMessage as unknown as (this: http.IncomingMessage, socket: Socket) => void).call(this, socket);
  }
  function Res(this: http.ServerResponse, req: http.IncomingMessage, opts: unknown): void {
    (http.ServerResponse as unknown as (this: http.ServerResponse, req: http.IncomingMessage, opts: unknown) => void).call(this, req, opts);
  }
  Req.prototype = app.request;
  Res.prototype = app.response;
  // Node only needs "something to call with new"; the types ask for the class itself.
  return { IncomingMessage: Req as unknown as typeof http.IncomingMessage, ServerResponse: Res as unknown as typeof http.ServerResponse };
}
