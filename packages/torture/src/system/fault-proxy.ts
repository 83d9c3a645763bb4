// A TCP proxy on one link, on loopback, that can be slow, cut, silent, or cut at a chosen byte or after a chosen
// statement. It changes no bytes.
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { pause } from '../waiting';

export interface FaultProxyOptions {
  readonly name: string;
  /** The ports to try in turn; the first that answers gets the connection. */
  upstreams(): readonly number[];
  readonly isPostgres?: boolean;
}

interface Trap {
  readonly texts: readonly string[];
  onSprung(): void;
}

export class FaultProxy {
  readonly name: string;
  readonly isPostgres: boolean;
  readonly pairs = new Set<Pair>();
  /** Each chunk of bytes is held back for so long. */
  latencyMs = 0;
  isSilent = false;
  /** The next connection is cut once so many bytes of answers have passed. */
  cutAfter: number | undefined;
  readonly traps: Trap[] = [];
  onRequestBytes: ((chunk: Buffer) => void) | null = null;
  /** Made for each connection: sees what the client says on it. */
  watchRequests: (() => (chunk: Buffer) => void) | null = null;
  private isShut = false;
  private turn = 0;
  private readonly server: Server;

  constructor(private readonly options: FaultProxyOptions) {
    this.name = options.name;
    this.isPostgres = options.isPostgres ?? false;
    this.server = createServer((client) => this.accept(client));
  }

  async listen(): Promise<this> {
    await new Promise<void>((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen(0, '127.0.0.1', resolve);
    });
    return this;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  close(): Promise<unknown> {
    this.cut();
    return new Promise((resolve) => this.server.close(resolve));
  }

  /** Every open connection is reset. */
  cut(): void {
    for (const pair of [...this.pairs]) pair.end();
  }

  /** No byte passes either way until `false`; connections stay open, new ones are accepted. */
  silence(isSilent: boolean): void {
    this.isSilent = isSilent;
    for (const pair of this.pairs) {
      if (isSilent) pair.pause();
      else pair.resume();
    }
  }

  /** New connections are refused while `true`. */
  shut(isShut: boolean): void {
    this.isShut = isShut;
    if (isShut) this.cut();
  }

  /**
   * The next connection over which a request with these two texts goes is cut when its answer comes: it has been done,
   * and nobody knows.
   */
  trapAnswer(text: string, match: string, onSprung: () => void): void {
    this.traps.push({ texts: [text, match], onSprung });
  }

  trapAfter(bytes: number): void {
    this.cutAfter = bytes;
  }

  private accept(client: Socket): void {
    client.on('error', () => undefined); // its partner learns of it by `close`
    if (this.isShut) {
      client.resetAndDestroy();
      return;
    }
    const ports = this.options.upstreams();
    this.turn += 1;
    const from = this.turn % Math.max(1, ports.length);
    this.dial(client, [...ports.slice(from), ...ports.slice(0, from)]);
  }

  private dial(client: Socket, [port, ...others]: readonly number[]): void {
    if (port === undefined || client.destroyed) {
      client.resetAndDestroy();
      return;
    }
    const server = connect(port, '127.0.0.1');
    server.once('error', () => this.dial(client, others));
    server.once('connect', () => {
      server.removeAllListeners('error');
      server.on('error', () => undefined);
      this.join(client, server);
    });
  }

  private join(client: Socket, server: Socket): void {
    const pair = new Pair(this, client, server);
    this.pairs.add(pair);
    if (this.cutAfter !== undefined) {
      pair.bytesLeft = this.cutAfter;
      this.cutAfter = undefined;
    }
    if (this.isSilent) pair.pause();
  }
}

/** Two sockets whose bytes go from one to the other. */
class Pair {
  bytesLeft = Infinity;
  private sprung: Trap | null = null;
  private isOver = false;
  /** Texts of prepared statements, by name. */
  private readonly statements = new Map<string, string>();
  private readonly watch: ((chunk: Buffer) => void) | undefined;

  constructor(
    private readonly proxy: FaultProxy,
    private readonly client: Socket,
    private readonly server: Socket,
  ) {
    this.watch = proxy.watchRequests?.();
    for (const socket of [client, server]) {
      socket.setNoDelay(true);
      socket.on('close', () => this.end());
    }
    this.pass(client, server, (chunk) => this.seeRequest(chunk));
    this.pass(server, client, (chunk) => this.seeAnswer(chunk));
  }

  private pass(from: Socket, to: Socket, see: (chunk: Buffer) => boolean): void {
    /** Null as long as no chunk was ever held back; then every chunk waits for the one before it. */
    let queue: Promise<void> | null = null;
    let isFull = false;
    const write = (chunk: Buffer) => {
      if (this.isOver || to.write(chunk)) return;
      from.pause();
      // Chunks that were held back come although `from` is paused: all of them wait for the same event.
      if (isFull) return;
      isFull = true;
      to.once('drain', () => {
        isFull = false;
        if (!this.proxy.isSilent) from.resume();
      });
    };
    from.on('data', (chunk: Buffer) => {
      if (this.isOver || !see(chunk)) return;
      const { latencyMs } = this.proxy;
      if (queue === null && latencyMs === 0) write(chunk);
      else
        queue = (queue ?? Promise.resolve())
          .then(() => (this.proxy.latencyMs === 0 ? undefined : pause(this.proxy.latencyMs)))
          .then(() => write(chunk));
    });
    from.on('end', () => void (queue ?? Promise.resolve()).then(() => to.end()));
  }

  private seeRequest(chunk: Buffer): boolean {
    this.proxy.onRequestBytes?.(chunk);
    this.watch?.(chunk);
    const said = this.proxy.isPostgres
      ? this.withStatements(chunk)
      : this.proxy.traps.length > 0
        ? chunk.toString('latin1')
        : '';
    const index = this.proxy.traps.findIndex(({ texts }) => texts.every((text) => said.includes(text)));
    if (index >= 0) this.sprung = this.proxy.traps.splice(index, 1)[0] ?? null;
    return true;
  }

  /** A prepared statement is sent once with its text (Parse), then by its name only (Bind). */
  private withStatements(chunk: Buffer): string {
    let said = chunk.toString('latin1');
    for (const [, name = '', text = ''] of said.matchAll(/P[\s\S]{4}(lumi_\w+)\0([^\0]*)/g))
      this.statements.set(name, text);
    for (const [, name = ''] of said.matchAll(/B[\s\S]{4}\0(lumi_\w+)\0/g)) said += this.statements.get(name) ?? '';
    return said;
  }

  private seeAnswer(chunk: Buffer): boolean {
    if (this.sprung !== null) {
      this.sprung.onSprung();
      this.end();
      return false;
    }
    this.bytesLeft -= chunk.length;
    if (this.bytesLeft > 0) return true;
    this.client.write(chunk.subarray(0, chunk.length + this.bytesLeft), () => this.end());
    this.bytesLeft = Infinity;
    return false;
  }

  pause(): void {
    this.client.pause();
    this.server.pause();
  }

  resume(): void {
    this.client.resume();
    this.server.resume();
  }

  end(): void {
    if (this.isOver) return;
    this.isOver = true;
    this.proxy.pairs.delete(this);
    for (const socket of [this.client, this.server]) if (!socket.destroyed) socket.resetAndDestroy();
  }
}
