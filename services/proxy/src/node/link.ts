// One TCP connection to a target. Every byte is counted before it is passed on, both ways. The way down reads into a
// buffer of the node's own (`onread`), which grows while reads fill it: no allocation and no stream event per 64 KiB.
import { connect, type Socket } from 'node:net';
import { elapsedMs } from '@lumi/shared/runtime';
import type { Way } from './meter';
import type { Passage } from './passages';
import type { Dialled } from './dialled';
import { ELSEWHERE } from './dial-failures';
import { giveBuffer, leaveBuffer, nextLevel, takeBuffer } from './read-buffers';
import { endWhenTaken, resetNow, sentBytes, whenTaken } from './sockets';
import { UpstreamHandshake } from './upstream-handshake';

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

/** For all addresses of a target together. */
const CONNECT_MS = 10_000;
/** How long a connection waits for bytes that it may spend. */
export const DRY_MS = 3_000;
/** How long both sides may take what is left after that, also if they do not read. */
export const DRY_END_MS = 11_000;

export class Link {
  private target: Socket;
  /** The address that is tried. */
  private at = 0;
  private level = 0;
  /** The buffer of the next read; null: the last one still belongs to a write. */
  private held: Buffer | null = null;
  private isOpen = false;
  private isOver = false;
  /** Bytes of the client wait for a lease. */
  private isHolding = false;
  private mustFinish = false;
  /** The target sends no more. */
  private hasEnded = false;
  /** The client has gone; what it sent before is still sent. */
  private isLeft = false;
  private readonly begunMs = elapsedMs();

  constructor(
    private readonly dialled: Dialled,
    private readonly client: Socket,
    private readonly passage: Passage,
    private readonly ends: LinkEnds,
  ) {
    this.target = this.dial();
  }

  private dial(): Socket {
    const { addresses, port, localAddress, upstream } = this.dialled;
    const address = addresses[this.at] ?? '';
    const hop = upstream === undefined ? null : new UpstreamHandshake(upstream, { address, port }, this.begunMs);
    const place = hop?.place ?? { host: address, port, localAddress };
    const target = connect({
      ...place,
      noDelay: true,
      allowHalfOpen: true,
      onread: {
        buffer: () => (this.held ??= takeBuffer(this.level)),
        // The buffer is the one given above.
        callback: (size, buffer) => this.receive(hop, size, buffer as Buffer),
      },
    });
    const fail = (code: string): void => {
      if (target === this.target) this.fail(hop?.codeOf(code) ?? code);
    };
    const late =
      hop === null ? setTimeout(() => fail('ETIMEDOUT'), Math.floor(CONNECT_MS / addresses.length)) : undefined;
    hop?.whenLate(target, fail);
    target.on('connect', () => {
      clearTimeout(late);
      // The judged address is the one that was reached, whatever the system made of it.
      if (target.remoteAddress !== place.host) fail('EHOSTUNREACH');
      else if (hop === null) this.open();
      else target.write(hop.hello());
    });
    target.on('error', (err: NodeJS.ErrnoException) => {
      if (this.isOpen) this.stop(true);
      else fail(err.code ?? 'EIO');
    });
    target.on('end', () => {
      if (!this.isOpen) fail('ECONNRESET');
      else if (!this.isOver) {
        this.hasEnded = true;
        this.ends.ended();
      }
    });
    target.on('close', () => {
      clearTimeout(late);
      if (target !== this.target) return; // another address is tried
      if (this.held !== null) giveBuffer(this.held);
      this.held = null;
      this.stop(false);
    });
    return target;
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
    if (!this.isOpen || this.isHolding) return;
    // Both sides have ended, so closing says all that an end would.
    if (this.hasEnded && this.target.writableLength === 0) this.target.destroy();
    else endWhenTaken(this.target);
  }

  /** The client has gone after it had ended its side: the target gets what it sent, and is read no further. */
  leave(): void {
    if (this.isOver) return;
    this.isLeft = true;
    this.target.pause();
    if (!this.isOpen) this.close();
    if (this.isOver) this.ends.closed(false);
    else if (!this.isHolding) whenTaken(this.target, () => this.stop(false));
  }

  /** Ends the connection to the target; the client's is left alone. */
  close(): void {
    if (this.isOver) return;
    this.isOver = true;
    this.target.destroy();
  }

  /** The client has gone without an end: nothing of what it sent may look whole to the target. */
  breakOff(): void {
    if (!this.isOver) this.reset();
  }

  /** As `close`, and the kernel drops what it holds. Also of a link that ends. */
  reset(): void {
    this.isOver = true;
    if (this.target.destroyed) return;
    resetNow(this.target);
  }

  private open(): void {
    this.isOpen = true;
    this.ends.opened();
    if (this.mustFinish) this.finish(); // the client may have ended its side before
  }

  /** What a supplier's proxy says before it is open is not the target's, so it is not counted. */
  private receive(hop: UpstreamHandshake | null, size: number, buffer: Buffer): boolean {
    if (hop === null || this.isOpen) return this.read(size, buffer);
    const { send, code, rest } = hop.take(buffer.subarray(0, size));
    if (send !== undefined) this.target.write(send);
    if (code !== undefined) this.fail(code);
    if (rest !== undefined) this.open();
    return rest === undefined || rest.length === 0 ? !this.isOver : this.read(rest.length, rest);
  }

  private fail(code: string): void {
    if (this.isOver || this.isOpen) return;
    const tried = this.target;
    if (ELSEWHERE.has(code) && this.at + 1 < this.dialled.addresses.length) {
      this.at += 1;
      this.target = this.dial();
    } else {
      this.isOver = true;
      this.ends.failed(code);
    }
    tried.destroy();
  }

  private stop(isError: boolean): void {
    if (this.isOver) return;
    this.isOver = true;
    this.target.destroy();
    if (this.isOpen) this.ends.closed(isError);
    else this.ends.failed('ECONNRESET');
  }

  private read(size: number, buffer: Buffer): boolean {
    if (this.isOver || this.isLeft) return false;
    const may = this.passage.spend('down', size);
    if (may > 0) this.ends.deliver(buffer.subarray(0, may));
    if (may < size) {
      const rest = Buffer.from(buffer.subarray(may, size));
      this.releaseBuffer(0, buffer.length); // a small buffer is enough while it waits
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
    const next = nextLevel(this.level, { isFree, size, length, bps: this.passage.right.bandwidthBps });
    if (isFree && next === this.level) return;
    if (this.held !== null) (isFree ? giveBuffer : leaveBuffer)(this.held);
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
    if (this.isLeft) whenTaken(this.target, () => this.stop(false));
    else if (this.mustFinish) endWhenTaken(this.target);
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
    const timer = setTimeout(() => this.target.destroy(), DRY_END_MS);
    this.target.once('close', () => clearTimeout(timer));
    this.target.destroySoon();
    this.ends.closed(true);
  }
}
