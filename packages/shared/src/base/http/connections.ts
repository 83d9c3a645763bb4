// Bounds on connections: on all, on those of one address, and on the bytes that peers leave unread. A connection that
// waits for its peer is closed when a new one needs its place, so that idle peers cannot use up all places. A
// connection that waits for us is kept.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Clock } from '../../ground/runtime';

export interface ConnectionLimits {
  readonly clock: Clock;
  readonly connectionsMax: number;
  readonly perPeerMax: number;
  /** The name under which a connection's address is counted. Null: not counted, as for a trusted proxy. */
  readonly peerOf: (address: string) => string | null;
  /** A peer that reads nothing of its answer for this long is dropped. */
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
  /** At least this many bytes of the body in work are still to come. */
  bodyBytesLeft: number;
  /** The rest of a chunked body has arrived and waits for its turn. */
  waitsForTurn: boolean;
  /** The unreadable part after them. */
  fault: NodeJS.ErrnoException | null;
  hasAsked: boolean;
  /** The unread bytes at their last change, and the time of that change. */
  unread: string;
  unreadSinceMs: number;
}

const SWEEP_MS = 1_000;
/** All unread bytes of all peers and all requests sent ahead, together. */
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

  /** Requests that have begun and are not answered to their end. */
  inWork(): Exchange[] {
    return [...this.bySocket.values()].flatMap(({ current }) => current ?? []);
  }

  /** Null: refused and closed. */
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
    // Node sends no answer to a peer that has ended; requests in work for it are aborted.
    socket.on('end', () => {
      if (connection.current !== null) socket.destroySoon();
    });
    socket.on('close', () => {
      this.bySocket.delete(socket);
      if (this.bySocket.size === 0) this.stop();
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

  /** Closes connections whose peers read nothing, and the fullest ones while all together hold too much. */
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
    // The system may have taken a part of one large write; only its own queue shows that.
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

/** Connections in the order of their last request. Those without a request are closed first. */
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

  /** Closes the connection that has waited longest for its peer. False when all wait for us. */
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

/** Between requests, inside a body that does not come, or before an answer that is not read. */
function waitsForPeer({ current }: Connection): boolean {
  return current === null || !current.req.complete || current.res.writableEnded;
}
