// The HTTP server of every process: bounds on headers, times and connections; JSON bodies for the parser's own errors;
// a drain that lets running requests finish; and Express's prototypes from the start (on Node 20 Express otherwise
// swaps the prototype of every request and response, which costs half its speed).
import http from 'node:http';
import type { Socket } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import type { Express } from 'express';
import { newId } from '../../ground/contract';
import type { Clock } from '../../ground/runtime';
import { gauge } from '../monitoring';
import { Connections, type ConnectionLimits } from './connections';
import { rawErrorResponse } from './errors';
import { CRUMBS, OneAtATime } from './one-at-a-time';
import { readTarget } from './request-target';

export interface ServerOptions extends Partial<Omit<ConnectionLimits, 'clock'>> {
  readonly clock: Clock;
  /** Bytes of all headers together; beyond it 431. */
  readonly maxHeaderBytes?: number;
  /** From the first byte of a request to its last; beyond it 408: slow clients are cut off. */
  readonly requestTimeoutMs?: number;
  readonly headersTimeoutMs?: number;
  readonly keepAliveTimeoutMs?: number;
  /** The app sends `100 Continue`; otherwise it is sent at once. */
  readonly appContinues?: boolean;
  /** Called for requests that the parser refused, which no app sees. */
  readonly onParserError?: (refusal: ParserRefusal) => void;
  /** Further headers of such an answer. */
  readonly parserErrorHeaders?: (sender: ParserRefusalSender) => Readonly<Record<string, string>>;
}

export interface ParserRefusal {
  readonly code: 'bad_request' | 'headers_too_large' | 'payload_too_large' | 'request_timeout';
  readonly requestId: string;
  readonly peer: string;
}

export interface ParserRefusalSender {
  readonly peer: string;
  /** The request whose body could not be read to its end; null when even its headers could not. */
  readonly request: http.IncomingMessage | null;
}

export interface HttpServer {
  listen(host: string, portNumber: number): Promise<number>;
  /** From now on each answer ends its connection, so that clients come back elsewhere. */
  leave(): void;
  /** Leaves, stops accepting, closes idle connections, waits for running requests up to `limitMs`, then cuts. */
  drain(limitMs?: number): Promise<void>;
  readonly server: http.Server;
}

const CONNECTIONS_MAX = 10_000;
const READS_NOTHING_MS = 20_000;
/** The limit for a connection without any progress, longer than any answer takes. */
const IDLE_MAX_MS = 120_000;
/** More sockets than we count may exist, because some are still closing. */
const CONNECTIONS_SPARE = 100;
const QUICK_MS = 1;
/** When callers do not cease to come, or no turn is quick, the port is closed all the same. */
const TURNS_MAX = 1_000;
const TURNS_LIMIT_MS = 1_000;

const openConnections = gauge('lumi_http_connections', 'Open connections to the port of the API.', []);

export function createHttpServer(app: Express, options: ServerOptions): HttpServer {
  const { connectionsMax = CONNECTIONS_MAX } = options;
  const connections = new Connections({
    clock: options.clock,
    connectionsMax,
    perPeerMax: options.perPeerMax ?? connectionsMax,
    peerOf: options.peerOf ?? (() => null),
    readsNothingMs: options.readsNothingMs ?? READS_NOTHING_MS,
  });
  let isLeaving = false;
  const turns = new OneAtATime(
    connections,
    (req, res) => {
      if (isLeaving) res.shouldKeepAlive = false;
      readTarget(req); // before Express reads it
      app(req, res);
    },
    (err, socket) => answerParserError(err, socket, options),
  );
  const server = http.createServer(
    {
      ...expressPrototypes(app),
      maxHeaderSize: options.maxHeaderBytes ?? 16_384,
      requestTimeout: options.requestTimeoutMs ?? 30_000,
      headersTimeout: options.headersTimeoutMs ?? 10_000,
      keepAliveTimeout: options.keepAliveTimeoutMs ?? 65_000,
      connectionsCheckingInterval: 1_000,
      // Node would refuse a missing Host itself, without a body; the app refuses it with one.
      requireHostHeader: false,
      insecureHTTPParser: false,
    },
    turns.take,
  );
  server.on('checkContinue', (req: http.IncomingMessage, res: http.ServerResponse) => {
    if (options.appContinues !== true) res.writeContinue();
    turns.take(req, res);
  });
  server.on('checkExpectation', turns.take);
  // Node drops header lines beyond its bound silently. Without a bound (all headers together are bounded anyway) the
  // app sees them all.
  server.maxHeadersCount = 0;
  server.timeout = IDLE_MAX_MS;
  server.maxConnections = connectionsMax + CONNECTIONS_SPARE;
  server.on('connection', (socket: Socket) => {
    const connection = connections.admit(socket);
    if (connection !== null) turns.watch(connection);
  });
  const unwatch = openConnections.watch(
    () =>
      new Promise((resolve, reject) => {
        server.getConnections((err, count) => (err === null ? resolve([[{}, count]]) : reject(err)));
      }),
  );
  server.on('close', () => {
    unwatch();
    connections.stop();
    turns.stop();
  });
  server.on('clientError', turns.takeFault);
  server.on('connect', (_req: http.IncomingMessage, socket: Socket) => {
    socket.on('error', () => socket.destroy());
    // After a request in work, its refusal would be read as that request's answer.
    if (turns.isBusy(socket)) socket.destroy();
    else refuse('bad_request', socket, null, options);
  });
  const leave = (): void => {
    isLeaving = true;
    for (const { res } of connections.inWork()) if (!res.headersSent) res.shouldKeepAlive = false;
  };
  return {
    server,
    leave,
    listen: (host, portNumber) =>
      new Promise((resolve, reject) => {
        server.once('error', reject);
        server.listen(portNumber, host, () => {
          server.off('error', reject);
          const address = server.address();
          resolve(typeof address === 'object' && address !== null ? address.port : portNumber);
        });
      }),
    drain: async (limitMs = 10_000) => {
      leave();
      await nobodyWaits(server);
      await new Promise<void>((resolve) => {
        const cut = setTimeout(() => server.closeAllConnections(), limitMs);
        // A connection is idle only after its last answer; Node checks once, at the beginning.
        const sweep = setInterval(() => server.closeIdleConnections(), 50);
        server.close(() => {
          clearTimeout(cut);
          clearInterval(sweep);
          resolve();
        });
        server.closeIdleConnections();
      });
    },
  };
}

/**
 * Resolves after a quick turn of the event loop that accepted no connection. A turn accepts one of those that wait, and
 * those that still wait are reset when the port is closed.
 */
async function nobodyWaits(server: http.Server): Promise<void> {
  let accepted = 0;
  const count = (): number => (accepted += 1);
  server.on('connection', count);
  const endMs = performance.now() + TURNS_LIMIT_MS;
  await setImmediate();
  for (let turns = 0; turns < TURNS_MAX && performance.now() < endMs; turns += 1) {
    const [before, begunAt] = [accepted, performance.now()];
    await setImmediate();
    if (accepted === before && performance.now() - begunAt < QUICK_MS) break;
  }
  server.off('connection', count);
}

function answerParserError(err: NodeJS.ErrnoException, socket: Socket, options: ServerOptions): void {
  // Node's internal reference to the answer being written on a connection; there is no public one.
  const { _httpMessage: current } = socket as { _httpMessage?: http.ServerResponse | null };
  if (err.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  // A second answer would be read as the continuation of the first, or as the answer to another request.
  if (current?.headersSent === true) {
    if (current.writableEnded) socket.destroySoon();
    else socket.destroy();
    return;
  }
  // With pipelined requests the error is in the last one; a complete request is not the cause.
  refuse(
    PARSER_CODES.get(err.code ?? '') ?? 'bad_request',
    socket,
    current?.req.complete === false ? current.req : null,
    options,
  );
}

function refuse(
  code: ParserRefusal['code'],
  socket: Socket,
  request: http.IncomingMessage | null,
  { clock, onParserError, parserErrorHeaders }: ServerOptions,
): void {
  const requestId = newId('req', clock.nowMs());
  const peer = socket.remoteAddress ?? '';
  onParserError?.({ code, requestId, peer });
  socket.end(rawErrorResponse(code, requestId, parserErrorHeaders?.({ peer, request })), () => socket.destroy());
}

const PARSER_CODES: ReadonlyMap<string, ParserRefusal['code']> = new Map([
  ['HPE_HEADER_OVERFLOW', 'headers_too_large'],
  ['HPE_CHUNK_EXTENSIONS_OVERFLOW', 'payload_too_large'],
  [CRUMBS, 'payload_too_large'],
  ['ERR_HTTP_REQUEST_TIMEOUT', 'request_timeout'],
]);

/** Constructors whose prototypes are Express's own, so that Express's per-request prototype swap changes nothing. */
function expressPrototypes(app: Express): {
  IncomingMessage: typeof http.IncomingMessage;
  ServerResponse: typeof http.ServerResponse;
} {
  function Req(this: http.IncomingMessage, socket: Socket): void {
    (http.IncomingMessage as unknown as (this: http.IncomingMessage, socket: Socket) => void).call(this, socket);
  }
  function Res(this: http.ServerResponse, req: http.IncomingMessage, opts: unknown): void {
    (
      http.ServerResponse as unknown as (this: http.ServerResponse, req: http.IncomingMessage, opts: unknown) => void
    ).call(this, req, opts);
  }
  Req.prototype = app.request;
  Res.prototype = app.response;
  // Node only needs a constructor; the types ask for the class itself.
  return {
    IncomingMessage: Req as unknown as typeof http.IncomingMessage,
    ServerResponse: Res as unknown as typeof http.ServerResponse,
  };
}
