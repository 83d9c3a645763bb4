// SOCKS5 (RFC 1928) with user name and password (RFC 1929), CONNECT only.
import { readTarget } from '@lumi/shared/egress';
import type { Admission, Caller } from './admission';
import type { Client, Reader } from './client';
import type { Exits } from './exits';
import { REFUSALS, socksReply, type RefusalWord } from './refusals';
import { openTunnel } from './tunnel';

const HANDSHAKE_MAX = 1_024;
const [NO_LOGIN, PASSWORD, NONE] = [0, 2, 0xff];
const [COMMAND_UNKNOWN, ADDRESS_UNKNOWN] = [7, 8];
const CONNECT = 1;
const [IPV4, NAME, IPV6] = [1, 3, 4];

export class SocksSession implements Reader {
  private bytes = Buffer.alloc(0);
  private stage: 'methods' | 'login' | 'request' | 'over' = 'methods';
  private caller: Caller | null = null;

  constructor(
    private readonly client: Client,
    private readonly admission: Admission,
    private readonly exits: Exits,
  ) {}

  data(bytes: Buffer): void {
    this.bytes = Buffer.concat([this.bytes, bytes]);
    let stage;
    do {
      stage = this.stage;
      if (stage === 'methods') this.readMethods();
      else if (stage === 'login') this.readLogin();
      else if (stage === 'request') this.readRequest();
    } while (this.stage !== stage);
    if (this.stage !== 'over' && this.bytes.length > HANDSHAKE_MAX) this.client.reset();
  }

  end(): void {
    if (this.stage !== 'over') this.client.socket.end();
  }

  closed(): void {
    this.stage = 'over';
  }

  private readMethods(): void {
    const [version, count = 0] = this.bytes;
    if (version !== undefined && version !== 5) return this.endWith(Buffer.from([5, NONE]));
    if (this.bytes.length < 2 || this.bytes.length < 2 + count) return undefined;
    const methods = this.take(2 + count).subarray(2);
    const byAddress = methods.includes(NO_LOGIN) ? this.admission.identify(this.client, 'socks5', null) : null;
    if (byAddress !== null && !('refusal' in byAddress)) {
      this.know(byAddress);
      this.client.socket.write(Buffer.from([5, NO_LOGIN]));
      return undefined;
    }
    if (!methods.includes(PASSWORD)) return this.endWith(Buffer.from([5, NONE]));
    this.stage = 'login';
    this.client.socket.write(Buffer.from([5, PASSWORD]));
    return undefined;
  }

  private readLogin(): void {
    const [version, nameSize] = this.bytes;
    if (version !== undefined && version !== 1) return this.endWith(Buffer.from([1, 1]));
    if (nameSize === undefined) return undefined;
    const passwordSize = this.bytes[2 + nameSize];
    if (passwordSize === undefined || this.bytes.length < 3 + nameSize + passwordSize) return undefined;
    const login = this.take(3 + nameSize + passwordSize);
    const name = login.toString('utf8', 2, 2 + nameSize);
    const caller = this.admission.identify(this.client, 'socks5', [name, login.toString('utf8', 3 + nameSize)]);
    if ('refusal' in caller) return this.endWith(Buffer.from([1, 1]));
    this.know(caller);
    this.client.socket.write(Buffer.from([1, 0]));
    return undefined;
  }

  private know(caller: Caller): void {
    this.caller = caller;
    this.stage = 'request';
    this.client.markKnown();
  }

  private readRequest(): void {
    const [version, command, , type, nameSize] = this.bytes;
    if (version !== undefined && version !== 5) return this.endWith(socksReply(REFUSALS.request.socks));
    if (nameSize === undefined) return undefined;
    if (command !== CONNECT) return this.endWith(socksReply(COMMAND_UNKNOWN));
    const size = type === IPV4 ? 4 : type === IPV6 ? 16 : type === NAME ? nameSize + 1 : null;
    if (size === null) return this.endWith(socksReply(ADDRESS_UNKNOWN));
    if (this.bytes.length < 6 + size) return undefined;
    const request = this.take(6 + size);
    const at = request.subarray(4, 4 + size);
    return this.open(hostOf(type ?? 0, at), request.readUInt16BE(4 + size));
  }

  private open(host: string, port: number): void {
    const target = readTarget(host, port);
    const { caller, client } = this;
    if (target === null || caller === null) return this.refuse('request');
    this.stage = 'over';
    client.deadlineMs = Infinity;
    client.socket.pause();
    this.admission
      .admit(caller, 'socks5', target)
      .then((admitted) => {
        if ('refusal' in admitted) return this.refuse(admitted.refusal);
        if (client.socket.destroyed) return admitted.passage.end(false);
        return openTunnel({
          ...admitted,
          client,
          exits: this.exits,
          head: this.bytes,
          answer: socksReply(0),
          refuse: (word) => this.refuse(word),
        });
      })
      .catch(() => client.reset());
    return undefined;
  }

  private refuse(word: RefusalWord): void {
    this.endWith(socksReply(REFUSALS[word].socks));
  }

  private endWith(bytes: Buffer): void {
    this.stage = 'over';
    this.client.endWith(bytes);
  }

  private take(size: number): Buffer {
    const taken = this.bytes.subarray(0, size);
    this.bytes = this.bytes.subarray(size);
    return taken;
  }
}

function hostOf(type: number, at: Buffer): string {
  if (type === IPV4) return at.join('.');
  if (type === NAME) return at.toString('utf8', 1);
  return at.toString('hex').match(/.{4}/g)?.join(':') ?? '';
}
