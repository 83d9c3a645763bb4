// One TCP connection to a target. Every byte is counted before it is passed on, both ways. The way down reads into a
// buffer of the node's own (`onread`), which grows while reads fill it: no allocation and no stream event per 64 KiB.
import { connect, type Socket } from 'node:net';
import { elapsedMs } from '@lumi/shared/runtime';
import type { Way } from './meter';
import type { Passage } from './passages';
import { giveBuffer, LEVEL_SLOW, LEVELS, takeBuffer } from './read-buffers';
import type { RefusalWord } from './refusals';
import { endWhenTaken, resetNow, sentBytes, whenTaken } from './sockets';

export interface Dialled {
  readonly address: string;
  readonly port: number;
  /** Of the exit. */
  readonly localAddress: string;
}

export interface LinkEnds {
  opened(): void;
  /** It did not open. `code` is the system's. */
  failed(code: string): void;
  /** Bytes that may pass. They must be written to the client, or copied, before the call returns. */
  deliver(bytes: Buffer): void;
  /** The target sends no more. */
  ended(): void;
  /** Nothing passes any more, in either direction. */
  closed(isError: boolean): void;
}

const CONNECT_MS = 10_000;
/** How long a connection waits for bytes that it may spend. */
export const DRY_MS = 3_000;

const FAILURES: Readonly<Record<string, RefusalWord>> = {
  ETIMEDOUT: 'timeout',
  ECONNREFUSED: 'refused',
  EADDRNOTAVAIL: 'exit',
  EADDRINUSE: 'exit',
};

/** What a client gets to see of a failed connection. */
export function wordOf(code: string): RefusalWord {
  return FAILURES[code] ?? 'unreachable';
}

export class Link {
  private readonly target: Socket;
  private level = 0;
  /** The buffer of the next read; null: the last one still belongs to a write. */
  private held: Buffer | null = null;
  private isOpen = false;
  private isOver = false;
  /** Bytes of the client wait for a lease. */
  private isHolding = false;
  private mustFinish = false;

  constructor(
    { address, port, localAddress }: Dialled,
    private readonly client: Socket,
    private readonly passage: Passage,
    private readonly ends: LinkEnds,
  ) {
    this.target = connect({
      host: address,
      port,
      localAddress,
      noDelay: true,
      allowHalfOpen: true,
      onread: {
        buffer: () => (this.held ??= takeBuffer(this.level)),
        callback: (size, buffer) => this.read(size, buffer as Buffer), // the one given above
      },
    });
    this.target.setTimeout(CONNECT_MS, () => this.fail('ETIMEDOUT'));
    this.target.once('connect', () => this.open(address));
    this.target.on('error', (err: NodeJS.ErrnoException) => {
      if (this.isOpen) this.stop(true);
      else this.fail(err.code ?? 'EIO');
    });
    this.target.on('end', () => {
      if (!this.isOver) this.ends.ended();
    });
    this.target.on('close', () => {
      if (this.held !== null) giveBuffer(this.held);
      this.held = null;
      this.stop(false);
    });
  }

  /** Bytes of the client for the target. The client is paused while they cannot go on. */
  send(bytes: Buffer): void {
    if (this.isOver || bytes.length === 0) return;
    const may = this.passage.spend('up', bytes.length);
    const isTaken = may === 0 || this.target.write(may === bytes.length ? bytes : bytes.subarray(0, may));
    if (may < bytes.length) {
      this.client.pause();
      this.isHolding = true;
      this.later('up', bytes.subarray(may));
    } else this.goOnSending(isTaken, this.passage.delayMs('up', may));
  }

  get sentBytes(): number {
    return sentBytes(this.target);
  }

  /** The client sends no more. */
  finish(): void {
    this.mustFinish = true;
    if (!this.isHolding) endWhenTaken(this.target);
  }

  /** Ends the connection to the target; the client's is left alone. */
  close(): void {
    if (this.isOver) return;
    this.isOver = true;
    this.target.destroy();
  }

  /** As `close`, and the kernel drops what it holds. */
  reset(): void {
    if (this.isOver) return;
    this.isOver = true;
    resetNow(this.target);
  }

  private open(address: string): void {
    // The judged address is the one that was reached, whatever the system made of it.
    if (this.target.remoteAddress !== address) return this.fail('EHOSTUNREACH');
    this.target.setTimeout(0);
    this.isOpen = true;
    return this.ends.opened();
  }

  private fail(code: string): void {
    if (this.isOver || this.isOpen) return;
    this.isOver = true;
    this.target.destroy();
    this.ends.failed(code);
  }

  private stop(isError: boolean): void {
    if (this.isOver) return;
    this.isOver = true;
    this.target.destroy();
    if (this.isOpen) this.ends.closed(isError);
    else this.ends.failed('ECONNRESET');
  }

  private read(size: number, buffer: Buffer): boolean {
    if (this.isOver) return false;
    const may = this.passage.spend('down', size);
    if (may > 0) this.ends.deliver(buffer.subarray(0, may));
    if (may < size) {
      const rest = Buffer.from(buffer.subarray(may, size));
      this.releaseBuffer(size, buffer.length);
      this.later('down', rest);
      return false;
    }
    this.releaseBuffer(size, buffer.length);
    if (this.isOver) return false; // these were the last bytes, and the client's side may have ended with them
    const waitMs = this.passage.delayMs('down', size);
    if (waitMs === 0 && !this.client.writableNeedDrain) return true;
    this.goOnReading(waitMs);
    return false;
  }

  /** Reads go on in the same buffer only if the kernel has all of it; a write owns it otherwise. */
  private releaseBuffer(size: number, length: number): void {
    const isFree = this.client.writableLength === 0;
    const isPaced = this.passage.right.bandwidthBps !== null;
    let next = this.level;
    if (isPaced) next = 0;
    else if (!isFree) next = Math.min(next, LEVEL_SLOW);
    else if (size === length) next = Math.min(next + 1, LEVELS - 1);
    else if (size < length / 8) next = 0;
    if (isFree && next === this.level) return;
    if (isFree && this.held !== null) giveBuffer(this.held);
    this.held = null;
    this.level = next;
  }

  private goOnReading(waitMs: number): void {
    this.afterWait(waitMs, () => {
      whenTaken(this.client, () => this.target.resume());
    });
  }

  private goOnSending(isTaken: boolean, waitMs: number): void {
    if (isTaken && waitMs === 0) return;
    this.client.pause();
    this.afterWait(waitMs, () => {
      whenTaken(this.target, () => this.client.resume());
    });
  }

  private goOnAfterHolding(): void {
    this.isHolding = false;
    if (this.mustFinish) endWhenTaken(this.target);
    else whenTaken(this.target, () => this.client.resume());
  }

  /** Not when it is over meanwhile: to wait for a socket that has ended is an error of that socket. */
  private afterWait(waitMs: number, goOn: () => void): void {
    if (waitMs === 0) goOn();
    else
      setTimeout(() => {
        if (!this.isOver) goOn();
      }, waitMs);
  }

  /** The lease is empty: waits for more, and ends after the last byte that may pass. */
  private later(way: Way, bytes: Buffer): void {
    this.pass(way, bytes).then(
      (isPassed) => {
        if (this.isOver) return;
        if (!isPassed) this.stopDry();
        else if (way === 'up') this.goOnAfterHolding();
        else this.goOnReading(0);
      },
      () => this.stop(true),
    );
  }

  private async pass(way: Way, bytes: Buffer): Promise<boolean> {
    let rest = bytes;
    for (let untilMs = elapsedMs() + DRY_MS; rest.length > 0;) {
      const leftMs = untilMs - elapsedMs();
      if (leftMs <= 0 || !(await this.passage.whenFilled(leftMs)) || this.isOver) return false;
      const may = this.passage.spend(way, rest.length);
      if (may === 0) continue; // other connections were faster
      untilMs = elapsedMs() + DRY_MS;
      const part = rest.subarray(0, may);
      if (way === 'up') this.target.write(part);
      else this.ends.deliver(part);
      rest = rest.subarray(may);
    }
    return true;
  }

  private stopDry(): void {
    this.isOver = true;
    this.passage.refusal = 'quota';
    // What was allowed up is still sent; nothing more is read.
    this.target.destroySoon();
    this.ends.closed(true);
  }
}
