// The ports on which clients come in: two of the pools, and one of each static proxy. They follow the rights.
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { elapsedMs, type Log } from '@lumi/shared/runtime';
import type { Rights } from './rights';

export interface Entry {
  /** A static proxy's own; null: of the pools. */
  readonly port: number | null;
}

export interface EntriesOptions {
  readonly rights: Rights;
  readonly log: Log;
  readonly host: string;
  readonly httpPort: number;
  readonly socksPort: number;
  readonly staticPorts: { readonly first: number; readonly last: number };
}

const BACKLOG = 511;
const RETRY_MS = 5_000;

export class Entries {
  private readonly statics = new Map<number, Server>();
  private readonly opening = new Map<number, Promise<void>>();
  private readonly failed = new Map<number, number>();
  private pools: Server[] = [];
  private stopListening: () => void = () => undefined;
  private isClosed = false;

  constructor(
    private readonly options: EntriesOptions,
    private readonly accept: (socket: Socket, entry: Entry) => void,
  ) {}

  /** Throws when an entry of the pools cannot be opened. */
  async open(): Promise<void> {
    const { httpPort, socksPort, rights } = this.options;
    for (const port of [httpPort, socksPort]) this.pools.push(await this.listen(port, { port: null }));
    this.stopListening = rights.onChange(() => this.follow());
    this.follow();
    await this.ready();
  }

  async ready(): Promise<void> {
    await Promise.all(this.opening.values());
  }

  get poolPorts(): { readonly http: number; readonly socks: number } {
    const [http = 0, socks = 0] = this.pools.map((server) => (server.address() as AddressInfo | null)?.port ?? 0);
    return { http, socks };
  }

  get refused(): readonly number[] {
    return [...this.failed.keys()];
  }

  /** Tries again what could not be opened. */
  retry(): void {
    if (this.isClosed) return;
    for (const [port, atMs] of this.failed) {
      if (elapsedMs() - atMs < RETRY_MS) continue;
      this.failed.delete(port);
      this.follow();
    }
  }

  async close(): Promise<void> {
    this.isClosed = true;
    this.stopListening();
    await this.ready();
    const servers = [...this.pools, ...this.statics.values()];
    this.statics.clear();
    for (const server of servers) if (server.listening) server.close();
  }

  private follow(): void {
    const { first, last } = this.options.staticPorts;
    const wanted = new Set(this.options.rights.ports().filter((port) => first <= port && port <= last));
    for (const [port, server] of this.statics) {
      if (wanted.has(port)) continue;
      this.statics.delete(port);
      server.close();
    }
    for (const port of this.failed.keys()) if (!wanted.has(port)) this.failed.delete(port);
    for (const port of wanted)
      if (!this.statics.has(port) && !this.opening.has(port) && !this.failed.has(port)) this.openStatic(port);
  }

  private openStatic(port: number): void {
    const opened = this.listen(port, { port })
      .then(
        (server) => void this.statics.set(port, server),
        (err: NodeJS.ErrnoException) => {
          this.failed.set(port, elapsedMs());
          this.options.log.warn('a proxy port cannot be opened', { port, code: err.code });
        },
      )
      .finally(() => {
        this.opening.delete(port);
        // Its right may have gone meanwhile.
        if (!this.isClosed && !this.options.rights.hasPort(port)) this.follow();
      });
    this.opening.set(port, opened);
  }

  private listen(port: number, entry: Entry): Promise<Server> {
    return new Promise((resolve, reject) => {
      const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => this.accept(socket, entry));
      server.once('error', reject);
      server.listen({ port, host: this.options.host, backlog: BACKLOG }, () => {
        server.off('error', reject);
        server.on('error', () => undefined); // one connection could not be accepted; the next ones can
        resolve(server);
      });
    });
  }
}
