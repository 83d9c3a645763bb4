// A connection of a client, from its first byte. What reads it changes: the PROXY header, a handshake, then a tunnel.
import type { Socket } from 'node:net';
import { elapsedMs } from '@lumi/shared/runtime';
import { resetNow, sentBytes } from './sockets';

export interface Reader {
  data(bytes: Buffer): void;
  /** The client sends no more. */
  end(): void;
  /** The connection is gone. */
  closed(): void;
}

export interface Origin {
  /** A static proxy's own port; null: an entry of the pools. */
  readonly port: number | null;
  /** Of the client, also behind a balancer. */
  readonly address: string;
  /** What its address is counted under. */
  readonly bucket: string;
}

/** From the first byte of a handshake or request to its last. */
const STAGE_MS = 15_000;

export class Client {
  /** Infinity: whatever runs now has its own limits. */
  deadlineMs: number;
  /** It sends no more. A paused socket tells that too. */
  hasEnded = false;
  private reader: Reader | null = null;
  private sentBefore = -1;
  private goneAtMs = Infinity;
  private isKnown = false;

  constructor(
    readonly socket: Socket,
    private readonly from: Origin,
    /** Called once: when it has shown a right, or when it has gone before. */
    private readonly onKnown: () => void,
    private readonly onGone: (client: Client) => void,
    private readonly stageMs = STAGE_MS,
  ) {
    this.deadlineMs = elapsedMs() + stageMs;
    socket.on('data', (bytes) => this.reader?.data(bytes as Buffer)); // no encoding is set
    socket.on('end', () => {
      this.hasEnded = true;
      this.reader?.end();
    });
    socket.on('close', () => {
      this.markKnown();
      this.onGone(this);
      this.reader?.closed();
    });
  }

  get port(): number | null {
    return this.from.port;
  }

  get address(): string {
    return this.from.address;
  }

  get bucket(): string {
    return this.from.bucket;
  }

  readBy(reader: Reader): void {
    this.reader = reader;
  }

  markKnown(): void {
    if (this.isKnown) return;
    this.isKnown = true;
    this.onKnown();
  }

  /** A handshake, a request, or the end of the connection. */
  beginStage(): void {
    this.allow(this.stageMs);
  }

  allow(ms: number): void {
    this.deadlineMs = elapsedMs() + ms;
  }

  /** Answers and ends the connection. What the client goes on sending is not read. */
  endWith(bytes: Buffer): void {
    this.readBy(DEAF);
    this.beginStage();
    this.socket.end(bytes);
    this.socket.resume();
  }

  /** As `endWith`, without waiting for the client to end its side. */
  leave(): void {
    this.beginStage();
    this.socket.destroySoon();
  }

  /** It ends within this time, also if it takes what was written for it slowly. */
  goneWithin(ms: number): void {
    this.goneAtMs = Math.min(this.goneAtMs, elapsedMs() + ms);
  }

  /** Ends a connection whose time is over. As long as it takes what was written for it, it goes on. */
  checkTime(now: number): void {
    if (now > this.goneAtMs) this.socket.destroy();
    if (now <= this.deadlineMs) return;
    const sent = sentBytes(this.socket);
    if (sent === this.sentBefore || this.socket.writableLength === 0) this.socket.destroy();
    this.sentBefore = sent;
    this.beginStage();
  }

  /** The kernel drops what it holds for the client. */
  reset(): void {
    resetNow(this.socket);
  }
}

const DEAF: Reader = {
  data: () => undefined,
  end: () => undefined,
  closed: () => undefined,
};
