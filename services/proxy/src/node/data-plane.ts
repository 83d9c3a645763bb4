// The node's data plane: entries for clients, and everything between them and the targets.
import type { Socket } from 'node:net';
import { addressBucket, plainAddress } from '@lumi/shared/addresses';
import { elapsedMs, type Log } from '@lumi/shared/runtime';
import { AbuseSigns } from './abuse-signs';
import { Admission, type Parts } from './admission';
import type { CheckKeys } from './check-login';
import { Checks } from './checks';
import { Client } from './client';
import { Echo } from './echo';
import { Entries, type Entry } from './entries';
import { Exits } from './exits';
import { HttpSession } from './http-session';
import { LoginGuard } from './login-guard';
import type { Meter, NodeEvents } from './meter';
import { Passages } from './passages';
import { readProxyHeader } from './proxy-header';
import type { Rights } from './rights';
import { resetNow } from './sockets';
import { SocksSession } from './socks-session';

export interface DataPlaneOptions {
  readonly rights: Rights;
  readonly meter: Meter;
  readonly events: NodeEvents;
  /** From `@lumi/shared/egress`. */
  readonly lookup: Parts['lookup'];
  readonly mayPassTo?: NonNullable<Parts['mayPassTo']>;
  /** Of the service's checks; absent: none are let in. */
  readonly checkKeys?: CheckKeys;
  readonly log: Log;
  /** To listen on. */
  readonly host: string;
  /** The entries of the pools; 0: any free port. */
  readonly httpPort: number;
  readonly socksPort: number;
  /** Static proxies' own ports; a right for another port is not served. */
  readonly staticPorts: { readonly first: number; readonly last: number };
  readonly idleMs?: number;
  readonly halfClosedMs?: number;
  /** Balancers that send the PROXY protocol, and must. */
  readonly isTrusted?: (address: string) => boolean;
  readonly connectionsMax?: number;
  /** For a handshake or a request's head, and for a client to end its side. */
  readonly stageMs?: number;
}

const IDLE_MS = 300_000;
const HALF_CLOSED_MS = 60_000;
const SWEEP_MS = 500;
const CONNECTIONS_MAX = 50_000;
const HEADER_MS = 15_000;
const SOCKS5 = 5;

export class DataPlane {
  private readonly clients = new Set<Client>();
  private readonly echo = new Echo();
  private readonly guard = new LoginGuard();
  private readonly exits: Exits;
  private readonly passages: Passages;
  private readonly checks: Checks;
  private readonly admission: Admission;
  private readonly entries: Entries;
  private sweeper: NodeJS.Timeout | null = null;
  private waiting = 0;
  private readonly forget = (client: Client): void => void this.clients.delete(client);

  constructor(private readonly options: DataPlaneOptions) {
    const { rights, meter, events, idleMs = IDLE_MS, halfClosedMs = HALF_CLOSED_MS } = options;
    this.exits = new Exits(rights, events);
    this.passages = new Passages(rights, meter, { idleMs, halfClosedMs }, ({ right: { subject }, proof }) =>
      events.seen(subject, proof.by === 'address' ? rights.allowedBy(subject, proof.client) : null),
    );
    this.checks = new Checks(rights, options.checkKeys);
    this.admission = new Admission({
      ...options,
      exits: this.exits,
      passages: this.passages,
      checks: this.checks,
      guard: this.guard,
      signs: new AbuseSigns(events),
      echo: this.echo,
    });
    this.entries = new Entries(options, (socket, entry) => this.accept(socket, entry));
  }

  /** Resolves when every entry listens that can. */
  async open(): Promise<void> {
    await this.echo.open();
    await this.entries.open();
    this.sweeper = setInterval(() => this.sweep(), SWEEP_MS);
  }

  /** Resolves when the entries of all rights listen that can. */
  ready(): Promise<void> {
    return this.entries.ready();
  }

  /** The ports of the pools, as they are. */
  get ports(): { readonly http: number; readonly socks: number } {
    return this.entries.poolPorts;
  }

  /** Static ports that could not be opened. */
  get refusedPorts(): readonly number[] {
    return this.entries.refused;
  }

  /** `passages`: tunnels and requests; `sessions`: kept for clients; `unknown`: connections without a right yet. */
  get state(): { readonly connections: number; readonly passages: number; sessions: number; unknown: number } {
    return {
      connections: this.connections,
      passages: this.passages.size + this.checks.passages.size,
      sessions: this.exits.sessionCount,
      unknown: this.guard.unknownCount,
    };
  }

  private get connections(): number {
    return this.clients.size + this.waiting;
  }

  /** No new connections. Resolves when all have ended, at the latest after `limitMs`. */
  async drain(limitMs: number): Promise<void> {
    this.admission.isLeaving = true;
    await this.entries.close();
    const untilMs = elapsedMs() + limitMs;
    while (this.passages.size > 0 && elapsedMs() < untilMs)
      await new Promise((resolve) => setTimeout(resolve, Math.min(100, limitMs)));
  }

  async close(): Promise<void> {
    if (this.sweeper !== null) clearInterval(this.sweeper);
    await this.entries.close();
    this.passages.close();
    this.checks.passages.close();
    for (const client of this.clients) client.reset();
    await this.echo.close();
  }

  private accept(socket: Socket, entry: Entry): void {
    const peer = plainAddress(socket.remoteAddress ?? '');
    socket.on('error', () => undefined); // 'close' follows
    if (peer === '' || this.connections >= (this.options.connectionsMax ?? CONNECTIONS_MAX)) {
      resetNow(socket);
      return;
    }
    if (this.options.isTrusted?.(peer) === true) this.readHeader(socket, entry, peer);
    else this.welcome(socket, entry, peer, null);
  }

  private welcome(socket: Socket, entry: Entry, address: string, first: Buffer | null): void {
    const bucket = addressBucket(address);
    if (!this.guard.enter(bucket)) {
      resetNow(socket);
      return;
    }
    const from = { port: entry.port, address, bucket };
    const known = (): void => this.guard.leave(bucket);
    const client = new Client(socket, from, known, this.forget, this.options.stageMs);
    this.clients.add(client);
    client.readBy({
      data: (bytes) => {
        const Session = bytes[0] === SOCKS5 ? SocksSession : HttpSession;
        const session = new Session(client, this.admission, this.exits);
        client.readBy(session);
        session.data(bytes);
      },
      end: () => socket.end(),
      closed: () => undefined,
    });
    if (first !== null && first.length > 0) socket.emit('data', first);
  }

  /** A trusted peer begins with the PROXY header. Anything else from it is an error. */
  private readHeader(socket: Socket, entry: Entry, peer: string): void {
    let bytes = Buffer.alloc(0);
    this.waiting += 1;
    const timer = setTimeout(() => socket.destroy(), HEADER_MS);
    const over = (): void => {
      clearTimeout(timer);
      socket.off('data', read);
      socket.off('close', over);
      this.waiting -= 1;
    };
    const read = (more: Buffer): void => {
      bytes = Buffer.concat([bytes, more]);
      const header = readProxyHeader(bytes);
      if (header === 'more') return;
      over();
      if (header === 'bad') resetNow(socket);
      else this.welcome(socket, entry, header.address ?? peer, bytes.subarray(header.size));
    };
    socket.on('data', read);
    socket.on('close', over);
  }

  private sweep(): void {
    const now = elapsedMs();
    this.passages.sweep();
    this.checks.passages.sweep();
    for (const client of this.clients) client.checkTime(now);
    this.exits.rotate();
    this.entries.retry();
  }
}
