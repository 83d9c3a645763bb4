// What a node sends to a supplier's proxy before bytes of the target flow: CONNECT, or SOCKS5 with a login. The
// supplier gets the judged address and never a name, so it dials what was judged here. Its answer becomes a word of
// ours: its own text goes no further.
import { isIPv6, type Socket } from 'node:net';
import { counter } from '@lumi/shared/monitoring';
import { elapsedMs } from '@lumi/shared/runtime';

/** Where the traffic of a proxy is passed on to. */
export interface UpstreamEndpoint {
  /** An IP address: no name is looked up for it. */
  readonly address: string;
  readonly port: number;
  readonly protocol: 'http' | 'socks5';
  readonly username: string;
  readonly password: string;
}

export interface UpstreamTarget {
  readonly address: string;
  readonly port: number;
}

/** `send` to it; or it has failed with this `code`; or it is open, and `rest` is the target's. None: it waits. */
interface UpstreamStep {
  readonly send?: Buffer;
  readonly code?: string;
  readonly rest?: Buffer;
}

/** For all addresses of a target together: what is slow is the supplier, not one of them. */
const LIMIT_MS = 15_000;
/** Its answers are short; longer ones are none. */
const ANSWER_MAX = 8_192;
const EMPTY = Buffer.alloc(0);
const MORE: UpstreamStep = {};
const HEAD_END = Buffer.from('\r\n\r\n');
const STATUS = /^HTTP\/1\.[01] (\d{3})(?: |\r\n)/;

/** Codes beside those of the system. `AWAY`: no answer that opens anything, which no customer can change. */
export const AWAY = 'UPSTREAM_AWAY';
export const DENIED = 'UPSTREAM_DENIED';
export const BUSY = 'UPSTREAM_BUSY';
export const SILENT = 'UPSTREAM_SILENT';

const OF_STATUS: Readonly<Record<number, string>> = {
  403: DENIED,
  451: DENIED,
  429: BUSY,
  500: 'EHOSTUNREACH',
  502: 'EHOSTUNREACH',
  503: 'EHOSTUNREACH',
  504: 'ETIMEDOUT',
};
/** RFC 1928 §6. */
const OF_REPLY: Readonly<Record<number, string>> = {
  1: 'EHOSTUNREACH',
  2: DENIED,
  3: 'EHOSTUNREACH',
  4: 'EHOSTUNREACH',
  5: 'ECONNREFUSED',
  6: 'ETIMEDOUT',
};
const [PASSWORD, CONNECT, IPV4, NAME, IPV6] = [2, 1, 1, 3, 4];

const failures = counter(
  'lumi_node_upstream_failures_total',
  'Connections that a supplier’s proxy did not open, by why; target: the fault is the target’s.',
  ['why'],
);
const WHY: Readonly<Record<string, string>> = {
  [AWAY]: 'away',
  [DENIED]: 'denied',
  [BUSY]: 'busy',
  [SILENT]: 'silent',
};

export class UpstreamHandshake {
  private bytes = EMPTY;
  private stage: 'connect' | 'method' | 'login' | 'request';

  constructor(
    private readonly endpoint: UpstreamEndpoint,
    private readonly target: UpstreamTarget,
    private readonly begunMs: number,
    private readonly limitMs = LIMIT_MS,
  ) {
    this.stage = endpoint.protocol === 'http' ? 'connect' : 'method';
  }

  /** To dial, from whatever address the machine has. */
  get place(): { readonly host: string; readonly port: number } {
    return { host: this.endpoint.address, port: this.endpoint.port };
  }

  whenLate(socket: Socket, fail: (code: string) => void): void {
    const timer = setTimeout(() => fail(SILENT), Math.max(0, this.begunMs + this.limitMs - elapsedMs()));
    socket.once('close', () => clearTimeout(timer));
  }

  /** Of a connection that did not come to an answer. */
  codeOf(code: string): string {
    return this.fail(code === SILENT ? SILENT : AWAY).code;
  }

  /** What is sent first. */
  hello(): Buffer {
    if (this.stage === 'method') return Buffer.from([5, 1, PASSWORD]);
    const { address, port } = this.target;
    const authority = `${isIPv6(address) ? `[${address}]` : address}:${String(port)}`;
    const { username, password } = this.endpoint;
    const login = Buffer.from(`${username}:${password}`).toString('base64');
    return Buffer.from(
      `CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\nProxy-Authorization: Basic ${login}\r\n\r\n`,
      'latin1',
    );
  }

  /** The bytes are copied. */
  take(bytes: Buffer): UpstreamStep {
    this.bytes = Buffer.concat([this.bytes, bytes]);
    const step = this.read();
    return step === MORE && this.bytes.length > ANSWER_MAX ? this.fail(AWAY) : step;
  }

  private fail(code: string): { readonly code: string } {
    failures.of({ why: WHY[code] ?? 'target' }).add();
    return { code };
  }

  private read(): UpstreamStep {
    switch (this.stage) {
      case 'connect':
        return this.readHead();
      case 'method':
        return this.readPair(5, PASSWORD, loginBytes(this.endpoint), 'login');
      case 'login':
        return this.readPair(1, 0, requestBytes(this.target), 'request');
      case 'request':
        return this.readReply();
    }
  }

  private readHead(): UpstreamStep {
    for (;;) {
      const end = this.bytes.indexOf(HEAD_END);
      if (end < 0) return MORE;
      const status = Number(STATUS.exec(this.bytes.toString('latin1', 0, end + 2))?.[1] ?? Number.NaN);
      this.bytes = this.bytes.subarray(end + HEAD_END.length);
      if (status >= 200 && status < 300) return { rest: this.bytes };
      // An interim answer is followed by another one.
      if (!(status >= 100 && status < 200)) return this.fail(OF_STATUS[status] ?? AWAY);
    }
  }

  private readPair(version: number, good: number, send: Buffer, next: 'login' | 'request'): UpstreamStep {
    if (this.bytes.length < 2) return MORE;
    const [first, second] = this.bytes;
    if (first !== version || second !== good || this.bytes.length > 2) return this.fail(AWAY);
    this.bytes = EMPTY;
    this.stage = next;
    return { send };
  }

  private readReply(): UpstreamStep {
    const [version, code = 0, , type, nameSize = 0] = this.bytes;
    if (version !== undefined && version !== 5) return this.fail(AWAY);
    if (this.bytes.length < 5) return this.bytes.length >= 2 && code !== 0 ? this.fail(OF_REPLY[code] ?? AWAY) : MORE;
    if (code !== 0) return this.fail(OF_REPLY[code] ?? AWAY);
    const size = type === IPV4 ? 4 : type === IPV6 ? 16 : type === NAME ? nameSize + 1 : null;
    if (size === null) return this.fail(AWAY);
    return this.bytes.length < 6 + size ? MORE : { rest: this.bytes.subarray(6 + size) };
  }
}

function loginBytes({ username, password }: UpstreamEndpoint): Buffer {
  const [name, word] = [Buffer.from(username), Buffer.from(password)];
  return Buffer.concat([Buffer.from([1, name.length]), name, Buffer.from([word.length]), word]);
}

function requestBytes({ address, port }: UpstreamTarget): Buffer {
  const isLong = isIPv6(address);
  return Buffer.concat([
    Buffer.from([5, CONNECT, 0, isLong ? IPV6 : IPV4]),
    isLong ? bytesOfIPv6(address) : Buffer.from(address.split('.').map(Number)),
    Buffer.from([port >> 8, port & 0xff]),
  ]);
}

/** Of a canonical address: `::` at most once, no dotted end. */
function bytesOfIPv6(address: string): Buffer {
  const [left = [], right] = address.split('::').map((half) => half.split(':').filter((word) => word !== ''));
  const missing = right === undefined ? 0 : 8 - left.length - right.length;
  const words = [...left, ...Array<string>(missing).fill('0'), ...(right ?? [])];
  return Buffer.from(words.map((word) => word.padStart(4, '0')).join(''), 'hex');
}
