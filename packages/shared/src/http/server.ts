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
  /** What such an answer carries besides. */
  readonly parserErrorHeaders?: (sender: ParserRefusalSender) => Readonly<Record<string, string>>;
}

export interface ParserRefusal {
  readonly code: 'bad_request' | 'headers_too_large' | 'payload_too_large' | 'request_timeout';
  readonly requestId: string;
  readonly peer: string;
}

export interface ParserRefusalSender {
  readonly peer: string;
  /** The request whose body could not be read to its end; null where not even its headers could. */
  readonly request: http.IncomingMessage | null;
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

function answerParserError(err: NodeJS.ErrnoException, socket: Socket, { clock, onParserError, parserErrorHeaders }: ServerOptions): void {
  // Node's own mark of the answer that is being written on a connection; nothing public says it.
  const { _httpMessage: current } = socket as { _httpMessage?: http.ServerResponse | null };
  if (err.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  // A second answer would be read as the continuation of the first, or as the answer to something else.
  if (current?.headersSent === true) {
    if (current.writableEnded) socket.destroySoon();
    else socket.destroy();
    return;
  }
  const code = PARSER_CODES.get(err.code ?? '') ?? 'bad_request';
  const requestId = newId('req', clock.nowMs());
  const peer = socket.remoteAddress ?? '';
  onParserError?.({ code, requestId, peer });
  // Of requests sent one behind the other, the error is in the last; one that has arrived whole is not it.
  const request = current?.req.complete === false ? current.req : null;
  socket.end(rawErrorResponse(code, requestId, parserErrorHeaders?.({ peer, request })), () => socket.destroy());
}

const PARSER_CODES: ReadonlyMap<string, ParserRefusal['code']> = new Map([
  ['HPE_HEADER_OVERFLOW', 'headers_too_large'],
  ['HPE_CHUNK_EXTENSIONS_OVERFLOW', 'payload_too_large'],
  ['ERR_HTTP_REQUEST_TIMEOUT', 'request_timeout'],
]);

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
