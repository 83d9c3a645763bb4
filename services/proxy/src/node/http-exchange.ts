// One request over plain HTTP: its head without the fields of this hop, its body as it came, and the answer likewise.
// Each request has a connection to the target of its own, so that each is billed to its own customer and may leave by
// its own exit.
import type { Client } from './client';
import type { Exits } from './exits';
import { bodyOf, type Body } from './http-body';
import { headBytes, withoutHopFields } from './http-fields';
import {
  HEAD_END,
  HEAD_MAX,
  readResponseHead,
  responseFraming,
  type Framing,
  type RequestHead,
  type ResponseHead,
} from './http-head';
import { wordOf } from './dial-failures';
import type { Dialled } from './dialled';
import { DRY_END_MS, Link } from './link';
import type { Passage } from './passages';
import type { RefusalWord } from './refusals';
import { sentBytes, whenTaken } from './sockets';

export interface ExchangeWish {
  readonly client: Client;
  readonly passage: Passage;
  readonly dialled: Dialled;
  readonly exits: Pick<Exits, 'markLost'>;
  readonly head: RequestHead;
  readonly framing: Framing;
  /** Of the target, for `Host`. */
  readonly authority: string;
  readonly path: string;
}

export interface ExchangeEnds {
  /** The body of the request may be sent now. */
  ready(): void;
  /** Nothing was answered yet. */
  refused(word: RefusalWord): void;
  /** `isWhole`: request and answer ended where they say they do, so that another request may follow. */
  done(isWhole: boolean): void;
}

const EMPTY = Buffer.alloc(0);

export class Exchange {
  private readonly link: Link;
  private readonly request: Body;
  private early: Buffer = EMPTY;
  private answer: { readonly body: Body; readonly framing: Framing } | null = null;
  private isReady = false;
  private isOver = false;

  constructor(
    private readonly wish: ExchangeWish,
    private readonly ends: ExchangeEnds,
  ) {
    const { client, passage, dialled, exits } = wish;
    this.request = bodyOf(wish.framing, 'request');
    this.link = new Link(dialled, client.socket, passage, {
      opened: () => {
        this.link.send(requestBytes(wish));
        this.isReady = true;
        ends.ready();
      },
      failed: (code) => {
        const word = wordOf(code);
        if (word === 'exit') exits.markLost(dialled.localAddress, code);
        this.refuse(word);
      },
      deliver: (bytes) => this.receive(bytes),
      ended: () => this.targetEnded(false),
      closed: (isError) => this.targetEnded(isError),
    });
    passage.progress = () => sentBytes(client.socket) + this.link.sentBytes;
    passage.whenReset((why) => this.reset(why === 'idle'));
  }

  /** Takes what belongs to the request's body, and answers how much that was. */
  feed(bytes: Buffer): number {
    if (this.isOver || this.request.isDone) return 0;
    const { size, isBad = false } = this.request.feed(bytes, (part) => this.link.send(part));
    if (isBad) this.refuseBody();
    else this.finishIfWhole();
    return size;
  }

  get wantsBody(): boolean {
    return !this.isOver && !this.request.isDone;
  }

  /** It is connected, and waits for more of the body. */
  get isWaiting(): boolean {
    return this.isReady && this.wantsBody;
  }

  /** The client has gone. */
  abandon(): void {
    this.isOver = true;
    this.wish.passage.end(false);
    if (this.request.isDone) this.link.close();
    else this.link.breakOff();
  }

  private receive(bytes: Buffer): void {
    if (this.answer !== null) return this.deliverBody(this.answer.body, bytes);
    // Copied: the bytes may be used again when this returns.
    this.early = Buffer.concat([this.early, bytes]);
    for (let end = this.early.indexOf(HEAD_END); end >= 0; end = this.early.indexOf(HEAD_END)) {
      const text = this.early.toString('latin1', 0, end);
      this.early = this.early.subarray(end + HEAD_END.length);
      const body = end > HEAD_MAX ? null : this.takeHead(text);
      if (body === null) return this.refuse('answer');
      if (body !== 'interim') return this.deliverBody(body, this.takeEarly());
    }
    return this.early.length > HEAD_MAX ? this.refuse('answer') : undefined;
  }

  private takeEarly(): Buffer {
    const { early } = this;
    this.early = EMPTY;
    return early;
  }

  private takeHead(text: string): Body | 'interim' | null {
    const head = readResponseHead(text);
    const { client, head: request } = this.wish;
    const framing = head === null ? null : responseFraming(request.method, head);
    if (head === null || framing === null || head.status === 101) return null;
    if (framing.kind === 'chunked' && request.minor === 0) return null;
    if (head.status < 200) {
      // A client of HTTP/1.0 knows no interim answers.
      if (request.minor === 1) client.socket.write(responseBytes(head, framing));
      return 'interim';
    }
    client.socket.write(responseBytes(head, framing));
    this.answer = { framing, body: bodyOf(framing, 'response') };
    return this.answer.body;
  }

  private deliverBody(body: Body, bytes: Buffer): void {
    const { isBad = false } = body.feed(bytes, (part) => void this.wish.client.socket.write(part));
    if (isBad) this.finish(false, true);
    else this.finishIfWhole();
  }

  /** A target may answer before it has the whole request. */
  private finishIfWhole(): void {
    if (this.answer?.body.isDone === true && this.request.isDone) this.finish(true, false);
  }

  private targetEnded(isError: boolean): void {
    if (this.isOver) return;
    const isDry = this.wish.passage.refusal === 'quota';
    if (this.answer === null) return this.refuse(isDry ? 'quota' : 'closed');
    if (isDry) this.wish.client.goneWithin(DRY_END_MS);
    const isCut = !this.answer.body.isDone && this.answer.framing.kind !== 'close';
    return this.finish(false, isError || isCut);
  }

  private finish(isWhole: boolean, isError: boolean): void {
    if (this.isOver) return;
    this.isOver = true;
    const { passage, client } = this.wish;
    // Until the client has everything, the end of its right still takes the rest from it.
    whenTaken(client.socket, () => passage.end(isError));
    this.link.close();
    this.ends.done(isWhole);
  }

  private refuse(word: RefusalWord): void {
    if (this.isOver) return;
    this.isOver = true;
    this.wish.passage.refusal = word;
    this.wish.passage.end(true);
    this.link.close();
    this.ends.refused(word);
  }

  /** The target must not take the part of the body that it got for the whole. */
  private refuseBody(): void {
    if (this.isOver) return;
    this.link.reset();
    if (this.answer === null) this.refuse('request');
    else this.finish(false, true);
  }

  private reset(isIdle: boolean): void {
    this.link.reset();
    if (isIdle && this.answer === null) return this.refuse('silent');
    this.isOver = true;
    return isIdle ? void this.wish.client.socket.destroy() : this.wish.client.reset();
  }
}

function requestBytes({ head, framing, authority, path }: ExchangeWish): Buffer {
  const fields = withoutHopFields(head.fields, ['host']);
  return headBytes(`${head.method} ${path} HTTP/1.${String(head.minor)}`, [
    ['Host', authority],
    ...fields,
    ...(framing.kind === 'chunked' ? [['Transfer-Encoding', 'chunked'] as const] : []),
  ]);
}

function responseBytes({ status, reason, fields }: ResponseHead, framing: Framing): Buffer {
  // RFC 9110 §8.6: these answers have no length.
  const also = status < 200 || status === 204 ? ['content-length'] : [];
  return headBytes(`HTTP/1.1 ${String(status)} ${reason}`, [
    ...withoutHopFields(fields, also),
    ...(framing.kind === 'chunked' ? [['Transfer-Encoding', 'chunked'] as const] : []),
  ]);
}
