// One request in work per connection. HTTP/1.1 lets a client send the next request before the last is answered; Node
// parses and starts all of them at once, so that one packet of small requests puts thousands in work. Here the parser
// gets small pieces, and no more once a request came too early: that request waits for its turn, and all bytes after it
// stay unread.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Connection, Connections, Exchange } from './connections';
import { Lingering } from './lingering';

/** The code of a body in too many chunks. */
export const CRUMBS = 'LUMI_CHUNKS_TOO_SMALL';
/** A chunk costs hundreds of times its bytes: this many are allowed, and one more for each of this many bytes. */
const CHUNKS_MAX = 4_000;
const CHUNK_BYTES = 16;

export type Serve = (req: IncomingMessage, res: ServerResponse) => void;

/** Large enough for most requests, small enough for few of the smallest. */
const PIECE_BYTES = 512;
/** Inside a body. */
const BODY_PIECE_BYTES = 4_096;
/** Inside a chunked body: up to 170 chunks. */
const CHUNKED_PIECE_BYTES = 1_024;
/**
 * How many requests sent ahead begin in one turn of the event loop, of all connections together. A client without such
 * requests waits for at most this many.
 */
const EARLY_PER_TURN = 8;

export class OneAtATime {
  /** Connections whose next request has already arrived, in the order of their turns. */
  private readonly ahead = new Set<Connection>();
  private readonly lingering = new Lingering();

  /** `refuse` answers a request that the parser could not read. */
  constructor(
    private readonly connections: Connections,
    private readonly serve: Serve,
    private readonly refuse: (err: NodeJS.ErrnoException, socket: Socket) => void,
  ) {}

  /** Puts itself between the connection and Node's parser. */
  watch(connection: Connection): void {
    const { socket } = connection;
    // Node's own, the only one on a new connection
    const [parse] = socket.listeners('data') as ((bytes: Buffer) => void)[];
    if (parse === undefined) throw new Error('this Node reads its connections in a way that is not known');
    const { destroySoon } = socket;
    // Node's way of ending a connection after its last answer.
    socket.destroySoon = () => {
      const { current } = connection;
      if (current !== null && !current.req.complete && current.res.writableEnded && !socket.readableEnded)
        this.lingering.add(socket);
      else destroySoon.call(socket);
    };
    socket.removeAllListeners('data');
    socket.on('data', (bytes: Buffer) => {
      if (feed(connection, bytes, parse) === 'wants a turn') this.queue(connection);
    });
  }

  readonly take: Serve = (req, res) => {
    const connection = this.connections.of(req.socket);
    if (connection === undefined || req.socket.destroyed) return;
    if (isBusy(connection)) connection.early.push({ req, res });
    else this.begin(connection, { req, res });
  };

  isBusy(socket: Socket): boolean {
    const connection = this.connections.of(socket);
    return connection !== undefined && isBusy(connection);
  }

  /** Earlier requests are answered first: a refusal sent now would be read as their answer. */
  readonly takeFault = (err: NodeJS.ErrnoException, socket: Socket): void => {
    const connection = this.connections.of(socket);
    if (connection === undefined || !isBehindOthers(connection)) this.refuse(err, socket);
    else connection.fault ??= err;
  };

  private begin(connection: Connection, exchange: Exchange): void {
    connection.current = exchange;
    // A part of the body may have come together with its head.
    connection.bodyBytesLeft = Number.parseInt(exchange.req.headers['content-length'] ?? '0', 10) - BODY_PIECE_BYTES;
    if (isChunked(exchange.req)) boundChunks(exchange.req, () => this.refuseCrumbs(connection));
    this.connections.touch(connection);
    exchange.res.on('close', () => this.onClose(connection));
    this.serve(exchange.req, exchange.res);
  }

  private onClose(connection: Connection): void {
    connection.current = null;
    if (connection.early.length === 0) this.refuseFault(connection);
    // Not at once: a packet full of requests that are refused at once would block all others until its end.
    if (connection.early.length === 0) return;
    this.queue(connection);
  }

  private queue(connection: Connection): void {
    if (this.ahead.size === 0) setImmediate(this.takeTurns);
    this.ahead.add(connection);
  }

  private refuseCrumbs(connection: Connection): void {
    if (connection.fault !== null) return;
    connection.fault = Object.assign(new Error('the chunks of a body are too small'), { code: CRUMBS });
    this.refuse(connection.fault, connection.socket);
  }

  stop(): void {
    this.lingering.stop();
  }

  private readonly takeTurns = (): void => {
    let turns = 0;
    for (const connection of this.ahead) {
      if (turns >= EARLY_PER_TURN) break;
      turns += 1;
      this.ahead.delete(connection);
      this.next(connection);
    }
    if (this.ahead.size > 0) setImmediate(this.takeTurns);
  };

  private next(connection: Connection): void {
    const { socket, early } = connection;
    if (connection.waitsForTurn) {
      connection.waitsForTurn = false;
      if (!isPausedByNode(socket)) socket.resume();
      return;
    }
    if (!socket.writable) socket.destroy(); // the last answer was sent, and the peer reads no more
    if (socket.destroyed || connection.current !== null) return;
    const first = early.shift();
    if (first === undefined) return;
    this.begin(connection, first);
    if (early.length > 0) return;
    if (!first.req.complete) this.refuseFault(connection); // it is in this one's body
    if (!isPausedByNode(socket)) socket.resume();
  }

  private refuseFault({ fault, socket }: Connection): void {
    if (fault !== null && !socket.destroyed) this.refuse(fault, socket);
  }
}

function isBehindOthers({ current, early }: Connection): boolean {
  return early.length > 0 || current?.req.complete === true;
}

function isBusy({ current, early }: Connection): boolean {
  return current !== null || early.length > 0;
}

function feed(connection: Connection, bytes: Buffer, parse: (bytes: Buffer) => void): 'wants a turn' | undefined {
  const { socket } = connection;
  let at = 0;
  // Node pauses by itself for answers that are not read, and resumes by itself.
  while (
    at < bytes.length &&
    connection.early.length === 0 &&
    connection.fault === null &&
    !connection.waitsForTurn &&
    !isPausedByNode(socket)
  ) {
    const { current } = connection;
    const isInBody = current?.req.complete === false;
    const isInChunks = isInBody && isChunked(current.req);
    const end =
      at +
      (isInChunks
        ? CHUNKED_PIECE_BYTES
        : isInBody
          ? Math.max(BODY_PIECE_BYTES, connection.bodyBytesLeft)
          : PIECE_BYTES);
    parse(at === 0 && end >= bytes.length ? bytes : bytes.subarray(at, end));
    if (socket.destroyed || !isParsed(socket)) return;
    if (isInBody) connection.bodyBytesLeft -= end - at;
    at = end;
    if (isInChunks && at < bytes.length) connection.waitsForTurn = true;
  }
  if (at >= bytes.length || connection.fault !== null) return; // nothing is read after a fault
  socket.pause();
  socket.unshift(at === 0 ? bytes : bytes.subarray(at));
  return connection.waitsForTurn ? 'wants a turn' : undefined;
}

function isChunked(req: IncomingMessage): boolean {
  return req.headers['transfer-encoding'] !== undefined;
}

/** `refuse` is called when a body comes in more chunks than its size allows. */
function boundChunks(req: IncomingMessage, refuse: () => void): void {
  const push = req.push.bind(req) as (chunk: Buffer | null) => boolean; // the parser gives buffers
  let chunks = 0;
  let bytes = 0;
  req.push = (chunk: Buffer | null): boolean => {
    chunks += 1;
    bytes += chunk?.length ?? 0;
    if (chunks <= CHUNKS_MAX + bytes / CHUNK_BYTES) return push(chunk);
    refuse();
    return false;
  };
}

function isPausedByNode(socket: Socket): boolean {
  return (socket as { _paused?: boolean })._paused === true;
}

/** Node takes its parser off a connection that no longer speaks HTTP. */
function isParsed(socket: Socket): boolean {
  return (socket as { parser?: object | null }).parser != null;
}
