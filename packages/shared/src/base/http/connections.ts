// Who is connected, with bounds: on all connections, on those of one address, and on what peers leave unread. A
// connection that waits for its peer makes room for a new one, so that nobody fills the house by standing in it; one
// that waits for us is left alone.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Clock } from '../../ground/runtime';

export interface ConnectionLimits {
  readonly clock: Clock;
  readonly connectionsMax: number;
  readonly perPeerMax: number;
  /** The name under which a connection's address is counted; null: not counted, as for a proxy of our own. */
  readonly peerOf: (address: string) => string | null;
  /** A peer that takes nothing of its answer for so long is gone. */
  readonly readsNothingMs: number;
}

export interface Exchange {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
}

export interface Connection {
  readonly socket: Socket;
  readonly room: Room | null;
  /** The request in work; null between requests. */
  current: Exchange | null;
  /** Requests that came before it was answered. */
  readonly early: Exchange[];
  /** So much of the body in work is certain to be still to come. */
  bodyBytesLeft: number;
  /** The rest of a chunked body has come and waits for its turn. */
  waitsForTurn: boolean;
  /** What the parser could not read behind them. */
  fault: NodeJS.ErrnoException | null;
  hasAsked: boolean;
  /** What was unread when it last moved, and when that was. */
  unread: string;
  unreadSinceMs: number;
}

const SWEEP_MS = 1_000;
/** All that peers have not read, and all that they sent ahead, together. */
const BACKLOG_BYTES_MAX = 64 * 1024 * 1024;

export class Connections {
  private readonly bySocket = new Map<Socket, Connection>();
  private readonly all = new Room();
  private readonly byPeer = new Map<string, Room>();
  private timer: NodeJS.Timeout | null = null;

  constructor(private readonly limits: ConnectionLimits) {}

  get size(): number {
    return this.bySocket.size;
  }

  of(socket: Socket): Connection | undefined {
    return this.bySocket.get(socket);
  }

  /** Null: refused, and ended. */
  admit(socket: Socket): Connection | null {
    const { connectionsMax, perPeerMax, peerOf } = this.limits;
    const peer = peerOf(socket.remoteAddress ?? '');
    const room = peer === null ? null : (this.byPeer.get(peer) ?? new Room());
    if (
      (room !== null && room.size >= perPeerMax && !room.makeRoom()) ||
      (this.all.size >= connectionsMax && !this.all.makeRoom())
    ) {
      socket.destroy();
      return null;
    }
    const connection: Connection = {
      socket,
      room,
      current: null,
      early: [],
      bodyBytesLeft: 0,
      waitsForTurn: false,
      fault: null,
      hasAsked: false,
      unread: '',
      unreadSinceMs: 0,
    };
    this.bySocket.set(socket, connection);
    this.all.add(connection);
    room?.add(connection);
    if (peer !== null && room !== null) this.byPeer.set(peer, room);
    // Node answers nobody who has ended; what is still in work for them is broken off.
    socket.on('end', () => {
      if (connection.current !== null) socket.destroySoon();
    });
    socket.on('close', () => {
      this.bySocket.delete(socket);
      this.all.remove(connection);
      room?.remove(connection);
      if (peer !== null && room?.size === 0) this.byPeer.delete(peer);
    });
    this.timer ??= setInterval(() => this.sweep(this.limits.clock.nowMs()), SWEEP_MS).unref();
    return connection;
  }

  /** A request of this connection begins. */
  touch(connection: Connection): void {
    this.all.touch(connection);
    connection.room?.touch(connection);
    connection.hasAsked = true;
  }

  stop(): void {
    if (this.timer !== null) clearInterval(this.timer);
    this.timer = null;
  }

  /** Ends connections whose peers read nothing, and the fullest ones while all together hold too much. */
  private sweep(nowMs: number): void {
    let total = 0;
    const full: Connection[] = [];
    for (const connection of this.bySocket.values()) {
      const { writableLength, readableLength } = connection.socket;
      if (writableLength + readableLength === 0) {
        connection.unread = '';
        continue;
      }
      if (writableLength > 0 && this.isStuck(connection, nowMs)) {
        connection.socket.destroy();
        continue;
      }
      total += writableLength + readableLength;
      full.push(connection);
    }
    if (total <= BACKLOG_BYTES_MAX) return;
    for (const { socket } of full.sort((a, b) => backlogOf(b) - backlogOf(a))) {
      if (total <= BACKLOG_BYTES_MAX) return;
      total -= socket.writableLength + socket.readableLength;
      socket.destroy();
    }
  }

  private isStuck(connection: Connection, nowMs: number): boolean {
    const { socket } = connection;
    // Of one large write the system may have taken a part: only its own queue shows that.
    const { _handle: handle } = socket as { _handle?: { writeQueueSize?: number } | null };
    const unread = [socket.bytesWritten, socket.writableLength, handle?.writeQueueSize ?? 0].join(' ');
    if (unread !== connection.unread) {
      connection.unread = unread;
      connection.unreadSinceMs = nowMs;
    }
    return nowMs - connection.unreadSinceMs >= this.limits.readsNothingMs;
  }
}

function backlogOf({ socket }: Connection): number {
  return socket.writableLength + socket.readableLength;
}

/** Connections in the order of their last request; those that never made one are the first to go. */
class Room {
  private readonly fresh = new Set<Connection>();
  private readonly used = new Set<Connection>();

  get size(): number {
    return this.fresh.size + this.used.size;
  }

  add(connection: Connection): void {
    this.fresh.add(connection);
  }

  touch(connection: Connection): void {
    if (!connection.hasAsked) this.fresh.delete(connection);
    else this.used.delete(connection);
    this.used.add(connection);
  }

  remove(connection: Connection): void {
    this.fresh.delete(connection);
    this.used.delete(connection);
  }

  /** Ends the connection that has waited longest for its peer; false when all wait for us. */
  makeRoom(): boolean {
    for (const connections of [this.fresh, this.used]) {
      for (const connection of connections) {
        if (connection.socket.destroyed || !waitsForPeer(connection)) continue;
        connection.socket.destroy();
        return true;
      }
    }
    return false;
  }
}

/** Between requests, in the middle of a body that does not come, or before an answer that is not read. */
function waitsForPeer({ current }: Connection): boolean {
  return current === null || !current.req.complete || current.res.writableEnded;
}
