// One request in work per connection. HTTP/1.1 lets a client send the next before the last is answered; Node parses and hands over all of them at once,
// so that a packet of small ones is thousands in work. Here the parser gets what came in small pieces, and no more of them once a request came too early:
// that one waits for its turn, and all that follows waits unread.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Connection, Connections, Exchange } from './connections';
import { Lingering } from './lingering';

export type Serve = (req: IncomingMessage, res: ServerResponse) => void;

/** Holds most requests whole, and few of the smallest. */
const PIECE_BYTES = 512;
/** In the middle of a body. */
const BODY_PIECE_BYTES = 4_096;
/** Requests sent ahead that begin in one turn of the event loop, of all connections together: whoever sends none is never behind more than these. */
const EARLY_PER_TURN = 8;

export class OneAtATime {
  /** Connections whose next request is there already, in the order of their turns. */
  private readonly ahead = new Set<Connection>();
  private readonly lingering = new Lingering();

  /** `refuse` answers what the parser could not read. */
  constructor(private readonly connections: Connections, private readonly serve: Serve, private readonly refuse: (err: NodeJS.ErrnoException, socket: Socket) => void) {}

  /** Puts itself between the connection and Node's parser. */
  watch(connection: Connection): void {
    const { socket } = connection;
    const [parse] = socket.listeners('data') as ((bytes: Buffer) => void)[]; // Node's own, the only one on a new connection
    if (parse === undefined) throw new Error('this Node reads its connections in a way that is not known');
    const { destroySoon } = socket;
    // Node's way of ending a connection behind its last answer.
    socket.destroySoon = () => {
      const { current } = connection;
      if (current !== null && !current.req.complete && current.res.writableEnded && !socket.readableEnded) this.lingering.add(socket);
      else destroySoon.call(socket);
    };
    socket.removeAllListeners('data');
    socket.on('data', (bytes: Buffer) => feed(connection, bytes, parse));
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

  /** What came before it is answered first: a refusal sent now would be read as the answer to that. */
  readonly takeFault = (err: NodeJS.ErrnoException, socket: Socket): void => {
    const connection = this.connections.of(socket);
    if (connection === undefined || !isBehindOthers(connection)) this.refuse(err, socket);
    else connection.fault ??= err;
  };

  private begin(connection: Connection, exchange: Exchange): void {
    connection.current = exchange;
    // Some of the body may have come together with its head.
    connection.bodyBytesLeft = Number.parseInt(exchange.req.headers['content-length'] ?? '0', 10) - BODY_PIECE_BYTES;
    this.connections.touch(connection);
    exchange.res.on('close', () => this.onClose(connection));
    this.serve(exchange.req, exchange.res);
  }

  private onClose(connection: Connection): void {
    connection.current = null;
    if (connection.early.length === 0) this.refuseFault(connection);
    // Not at once: a packet full of requests that are refused without waiting would hold up everybody else until its end.
    if (connection.early.length === 0) return;
    if (this.ahead.size === 0) setImmediate(this.takeTurns);
    this.ahead.add(connection);
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
    if (!socket.writable) socket.destroy(); // the last answer was the last one: nobody will read more
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

function feed(connection: Connection, bytes: Buffer, parse: (bytes: Buffer) => void): void {
  const { socket } = connection;
  let at = 0;
  // Node stops by itself for answers that are not read, and goes on by itself.
  while (at < bytes.length && connection.early.length === 0 && connection.fault === null && !isPausedByNode(socket)) {
    const isInBody = connection.current?.req.complete === false;
    const end = at + (isInBody ? Math.max(BODY_PIECE_BYTES, connection.bodyBytesLeft) : PIECE_BYTES);
    parse(at === 0 && end >= bytes.length ? bytes : bytes.subarray(at, end));
    if (socket.destroyed || !isParsed(socket)) return;
    if (isInBody) connection.bodyBytesLeft -= end - at;
    at = end;
  }
  if (at >= bytes.length || connection.fault !== null) return; // nothing is read behind a fault
  socket.pause();
  socket.unshift(at === 0 ? bytes : bytes.subarray(at));
}

function isPausedByNode(socket: Socket): boolean {
  return (socket as { _paused?: boolean })._paused === true;
}

/** Node takes its parser off a connection that does not speak HTTP any more. */
function isParsed(socket: Socket): boolean {
  return (socket as { parser?: object | null }).parser != null;
}
