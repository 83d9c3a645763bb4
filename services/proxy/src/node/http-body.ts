// Where the body of an HTTP message ends. Bytes go on as they came; only the trailer of a chunked body is left out,
// because fields that may not go further could be in it.
import type { Framing } from './http-head';

/** Takes what belongs to the body. `size`: how many of the bytes; `isBad`: they are no body. */
export interface Fed {
  readonly size: number;
  readonly isBad?: boolean;
}

export interface Body {
  readonly isDone: boolean;
  feed(bytes: Buffer, emit: (part: Buffer) => void): Fed;
}

export function bodyOf(framing: Framing, side: 'request' | 'response'): Body {
  if (framing.kind === 'chunked') return new ChunkedBody(side);
  return new PlainBody(framing.kind === 'length' ? framing.length : framing.kind === 'none' ? 0 : Infinity);
}

class PlainBody implements Body {
  constructor(private left: number) {}

  get isDone(): boolean {
    return this.left === 0;
  }

  feed(bytes: Buffer, emit: (part: Buffer) => void): Fed {
    const size = Math.min(this.left, bytes.length);
    this.left -= size;
    if (size > 0) emit(size === bytes.length ? bytes : bytes.subarray(0, size));
    return { size };
  }
}

const [CR, LF] = [13, 10];
const LINE_MAX = 256;
const TRAILER_MAX = 16_384;
const CRLF = Buffer.from('\r\n');
const REQUEST_CHUNK = /^[0-9a-f]{1,12}$/i;
/** Servers may pad the size and add extensions. */
const RESPONSE_CHUNK = /^([0-9a-f]{1,12})[ \t]*(?:;[\t -~\x80-\xff]*)?$/i;

type Stage = 'size' | 'data' | 'data-end' | 'trailer' | 'done';

class ChunkedBody implements Body {
  private stage: Stage = 'size';
  private left = 0;
  private line = '';
  private trailerSize = 0;

  constructor(private readonly side: 'request' | 'response') {}

  get isDone(): boolean {
    return this.stage === 'done';
  }

  feed(bytes: Buffer, emit: (part: Buffer) => void): Fed {
    let at = 0;
    let from = 0;
    const emitTo = (to: number): void => {
      if (to > from) emit(bytes.subarray(from, to));
      from = to;
    };
    while (at < bytes.length && this.stage !== 'done') {
      if (this.stage === 'data') {
        const size = Math.min(this.left, bytes.length - at);
        at += size;
        this.left -= size;
        if (this.left === 0) this.stage = 'data-end';
        continue;
      }
      const inTrailer = this.stage === 'trailer';
      const line = this.readLine(bytes, at, inTrailer ? TRAILER_MAX : LINE_MAX);
      if (line === null) return { size: at, isBad: true };
      at += line.size;
      if (inTrailer) from = at;
      if (!line.isWhole) continue;
      if (!this.take(line.text, line.size)) return { size: at, isBad: true };
      if (inTrailer && this.isDone) emit(CRLF);
      else if (this.stage === 'trailer' && !inTrailer) emitTo(at);
    }
    emitTo(at);
    return { size: at };
  }

  private take(text: string, size: number): boolean {
    if (this.stage === 'data-end') {
      this.stage = 'size';
      return text === '';
    }
    if (this.stage === 'trailer') {
      this.trailerSize += size;
      if (text === '') this.stage = 'done';
      return this.trailerSize <= TRAILER_MAX;
    }
    const digits = this.side === 'request' ? REQUEST_CHUNK.exec(text)?.[0] : RESPONSE_CHUNK.exec(text)?.[1];
    if (digits === undefined) return false;
    this.left = Number.parseInt(digits, 16);
    this.stage = this.left === 0 ? 'trailer' : 'data';
    return true;
  }

  /** A line may come in parts. Null: it is too long, or ends in a bare LF or has a bare CR. */
  private readLine(
    bytes: Buffer,
    at: number,
    max: number,
  ): { readonly text: string; readonly size: number; readonly isWhole: boolean } | null {
    const end = bytes.indexOf(LF, at);
    const to = end < 0 ? bytes.length : end + 1;
    if (this.line.length + to - at > max) return null;
    this.line += bytes.toString('latin1', at, to);
    if (end < 0) {
      const crAt = this.line.indexOf('\r');
      return crAt >= 0 && crAt < this.line.length - 1 ? null : { text: '', size: to - at, isWhole: false };
    }
    const text = this.line;
    this.line = '';
    if (text.charCodeAt(text.length - 2) !== CR || text.indexOf('\r') !== text.length - 2) return null;
    return { text: text.slice(0, -2), size: to - at, isWhole: true };
  }
}
