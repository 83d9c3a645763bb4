// An HTTP client's connection: requests one after the other, each with credentials of its own.
import { readTarget, readTargetPair, type Target } from '@lumi/shared/egress';
import type { Admission, Admitted, Caller } from './admission';
import type { Client, Reader } from './client';
import type { Exits } from './exits';
import { Exchange } from './http-exchange';
import {
  countOf,
  HEAD_END,
  HEAD_MAX,
  readRequestHead,
  requestFraming,
  valueOf,
  wordsOf,
  type Framing,
  type RequestHead,
} from './http-head';
import { httpRefusal, type RefusalWord } from './refusals';
import { whenTaken } from './sockets';
import { openTunnel } from './tunnel';

const KEEP_ALIVE_MS = 60_000;
/** How much of later requests is read while one is in work. */
const AHEAD_MAX = 65_536;
/** Requests one after the other that show no right. A browser needs one, and one for each password it asks its user. */
const STRANGE_MAX = 10;
const ESTABLISHED = Buffer.from('HTTP/1.1 200 Connection established\r\n\r\n');
const EMPTY = Buffer.alloc(0);
const ABSOLUTE = /^http:\/\/([^/?#]*)([/?][^#]*)?$/i;
const BASIC = /^basic +([A-Za-z0-9+/]+={0,2})$/i;

export class HttpSession implements Reader {
  private pending: Buffer = EMPTY;
  private isBusy = false;
  private isKeptAlive = false;
  /** Requests without a right since the last one with a right. */
  private strange = 0;
  private exchange: Exchange | null = null;

  constructor(
    private readonly client: Client,
    private readonly admission: Admission,
    private readonly exits: Exits,
  ) {}

  data(bytes: Buffer): void {
    const taken = this.exchange?.wantsBody === true && this.pending.length === 0 ? this.exchange.feed(bytes) : 0;
    if (taken === bytes.length) return;
    const rest = taken === 0 ? bytes : bytes.subarray(taken);
    this.pending = this.pending.length === 0 ? rest : Buffer.concat([this.pending, rest]);
    if (!this.isBusy) {
      // From its first byte a request has the time of one stage, not that of an unused connection.
      if (this.isKeptAlive) this.client.beginStage();
      this.isKeptAlive = false;
      this.next();
    } else if (this.pending.length > AHEAD_MAX) this.client.socket.pause();
  }

  end(): void {
    if (!this.isBusy) this.client.socket.end();
    else this.stopShortBody();
  }

  closed(): void {
    this.exchange?.abandon();
  }

  private next(): void {
    if (this.pending[0] === 13 && this.pending[1] === 10) this.pending = this.pending.subarray(2);
    const end = this.pending.indexOf(HEAD_END);
    if (end > HEAD_MAX || (end < 0 && this.pending.length > HEAD_MAX)) return this.refuse('request', false);
    if (end < 0) {
      // A request that will never be whole, or no more requests.
      if (this.client.hasEnded) this.client.endWith(EMPTY);
      else this.client.socket.resume();
      return undefined;
    }
    const head = readRequestHead(this.pending.toString('latin1', 0, end));
    this.pending = this.pending.subarray(end + HEAD_END.length);
    const framing = head === null ? null : requestFraming(head);
    if (head === null || framing === null) return this.refuse('request', false);
    this.isBusy = true;
    return this.start(head, framing);
  }

  private start(head: RequestHead, framing: Framing): void {
    // What a client sends behind CONNECT before it has an answer is for the tunnel: it is no request, whatever it says.
    const isKept = framing.kind === 'none' && head.method !== 'CONNECT' && this.mayStay(head);
    const pair = readPair(head);
    if (pair === 'bad') return this.refuse('request', false);
    const caller = this.admission.identify(this.client, 'http', pair);
    if ('refusal' in caller) {
      this.strange += 1;
      return this.refuse(caller.refusal, isKept && this.strange < STRANGE_MAX);
    }
    this.strange = 0;
    this.client.markKnown();
    this.client.deadlineMs = Infinity;
    if (head.method === 'CONNECT') return this.connect(caller, head, framing);
    this.client.socket.pause();
    return this.request(caller, head, framing, isKept);
  }

  private mayStay(head: RequestHead): boolean {
    return wantsToStay(head) && !this.admission.isLeaving;
  }

  private connect(caller: Caller, head: RequestHead, framing: Framing): void {
    const target = readTargetPair(head.target);
    // Content of a CONNECT request would be read as the tunnel's first bytes (RFC 9110 §9.3.6).
    if (target === null || framing.kind !== 'none') return this.refuse('request', false);
    return this.admit(caller, target, false, ({ passage, dialled }) => {
      openTunnel({
        client: this.client,
        passage,
        dialled,
        exits: this.exits,
        head: this.pending,
        answer: ESTABLISHED,
        refuse: (word) => this.refuse(word, false),
      });
    });
  }

  private request(caller: Caller, head: RequestHead, framing: Framing, isKept: boolean): void {
    const wanted = readUrl(head);
    if (wanted === null) return this.refuse('request', false);
    return this.admit(caller, wanted.target, isKept, ({ passage, dialled }) => {
      const exchange = new Exchange(
        { client: this.client, passage, dialled, exits: this.exits, head, framing, ...wanted },
        {
          ready: () => this.sendBody(exchange),
          refused: (word) => {
            this.exchange = null;
            this.refuse(word, isKept);
          },
          done: (isWhole) => {
            this.exchange = null;
            if (isWhole && this.mayStay(head)) this.goOn();
            else this.client.endWith(EMPTY);
          },
        },
      );
      this.exchange = exchange;
    });
  }

  private sendBody(exchange: Exchange): void {
    const taken = exchange.feed(this.pending);
    this.pending = this.pending.subarray(taken);
    this.client.socket.resume();
    this.stopShortBody();
  }

  /** A body that will never be whole: the target must not wait for it. */
  private stopShortBody(): void {
    if (this.client.hasEnded && this.exchange?.isWaiting === true && this.pending.length === 0) this.client.reset();
  }

  private admit(
    caller: Caller,
    target: Target,
    isKept: boolean,
    go: (admitted: Extract<Admitted, { passage: unknown }>) => void,
  ): void {
    this.admission
      .admit(caller, 'http', target)
      .then((admitted) => {
        if ('refusal' in admitted) this.refuse(admitted.refusal, isKept);
        else if (this.client.socket.destroyed) admitted.passage.end(false);
        else go(admitted);
      })
      .catch(() => this.client.reset());
  }

  private refuse(word: RefusalWord, isKept: boolean): void {
    if (!isKept) return this.client.endWith(httpRefusal(word, false));
    this.client.socket.write(httpRefusal(word, true));
    return this.goOn();
  }

  /** To the next request, when the kernel has the last answer. Called anew and not in a loop: many may lie ahead. */
  private goOn(): void {
    const { socket } = this.client;
    this.client.beginStage();
    whenTaken(socket, () =>
      setImmediate(() => {
        if (socket.destroyed) return;
        this.isBusy = false;
        this.isKeptAlive = this.pending.length === 0;
        if (this.isKeptAlive) this.client.allow(KEEP_ALIVE_MS);
        else this.client.beginStage();
        this.next();
      }),
    );
  }
}

function wantsToStay({ minor, fields }: RequestHead): boolean {
  const words = [...wordsOf(fields, 'connection'), ...wordsOf(fields, 'proxy-connection')];
  return minor === 1 && !words.includes('close');
}

/** Null: none is shown; `bad`: more than one, or none that can be read. */
function readPair({ fields }: RequestHead): readonly [name: string, password: string] | 'bad' | null {
  const count = countOf(fields, 'proxy-authorization');
  if (count !== 1) return count === 0 ? null : 'bad';
  const [, encoded] = BASIC.exec(valueOf(fields, 'proxy-authorization') ?? '') ?? [];
  if (encoded === undefined) return null;
  const text = Buffer.from(encoded, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  return colon < 0 ? null : [text.slice(0, colon), text.slice(colon + 1)];
}

interface Wanted {
  readonly target: Target;
  readonly authority: string;
  readonly path: string;
}

/** The absolute form of RFC 9112 §3.2.2. Null for any other one. */
function readUrl({ target: text, method }: RequestHead): Wanted | null {
  const [, place, path = ''] = ABSOLUTE.exec(text) ?? [];
  if (place === undefined) return null;
  const hasPort = /:\d+$/.test(place) && !place.endsWith(']');
  const target = hasPort ? readTargetPair(place) : readTarget(place, 80);
  // Without brackets the end of an IPv6 address could be a port.
  if (target === null || (!hasPort && !place.startsWith('[') && place.includes(':'))) return null;
  const host = target.host.includes(':') ? `[${target.host}]` : target.host;
  const authority = hasPort ? `${host}:${String(target.port)}` : host;
  const isWhole = method === 'OPTIONS' && path === '';
  return { target, authority, path: isWhole ? '*' : path.startsWith('/') ? path : `/${path}` };
}
