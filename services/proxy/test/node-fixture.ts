// A data plane of the node with rights set by hand, a meter that holds a quota, and targets that say what they saw.
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import {
  judgeOf,
  Lookup,
  ownAddresses,
  PORTS_REFUSED,
  readAllowed,
  readPorts,
  type Resolver,
} from '@lumi/shared/egress';
import { silentLog, systemClock } from '@lumi/shared/runtime';
import { until } from '@lumi/shared/testing';
import { DataPlane, type DataPlaneOptions } from '../src/node/data-plane';
import type { Ended, Meter, NodeEvents, Use, Way } from '../src/node/meter';
import { Rights, type PoolExit, type Right } from '../src/node/rights';

export const PAIR = ['customer', 'secret-word'] as const;

interface CountedUse extends Use {
  up: number;
  down: number;
  isError: boolean | null;
}

const NO_NAMES: Resolver = { addresses: () => Promise.resolve({ failure: 'dns' }) };

/** Spends from a quota of each subject; without one there is no limit. */
export class QuotaMeter implements Meter {
  readonly uses: CountedUse[] = [];
  readonly left = new Map<string, number>();
  private readonly waiting = new Set<() => void>();

  use(subject: string, country: string, target: string): Use {
    const use: CountedUse = {
      ...{ subject, country, target },
      up: 0,
      down: 0,
      isError: null,
      end: ({ isError }) => {
        use.isError ??= isError;
      },
    };
    this.uses.push(use);
    return use;
  }

  spend(use: Use, way: Way, bytes: number): number {
    const left = this.left.get(use.subject) ?? Infinity;
    const may = Math.min(bytes, left);
    this.left.set(use.subject, left - may);
    (use as CountedUse)[way] += may;
    return may;
  }

  isDry(subject: string): boolean {
    return this.left.get(subject) === 0;
  }

  async whenFilled(subject: string, limitMs: number): Promise<boolean> {
    if (!this.isDry(subject)) return true;
    return new Promise((resolve) => {
      const timer = setTimeout(() => over(false), limitMs);
      const check = (): void => {
        if (!this.isDry(subject)) over(true);
      };
      const over = (isFilled: boolean): void => {
        clearTimeout(timer);
        this.waiting.delete(check);
        resolve(isFilled);
      };
      this.waiting.add(check);
    });
  }

  fill(subject: string, bytes: number): void {
    this.left.set(subject, bytes);
    for (const check of this.waiting) check();
  }

  /** Of a subject, both ways together. */
  total(subject: string): number {
    return this.uses.filter((use) => use.subject === subject).reduce((sum, { up, down }) => sum + up + down, 0);
  }
}

export class Recorded implements NodeEvents {
  readonly all: (readonly string[])[] = [];
  seen(subject: string, block: string | null): void {
    this.all.push(['seen', subject, block ?? '']);
  }
  exitChanged(subject: string, address: string): void {
    this.all.push(['exitChanged', subject, address]);
  }
  abuse(sign: string, who: string): void {
    this.all.push(['abuse', sign, who]);
  }
  readonly connections: Ended[] = [];
  ended(connection: Ended): void {
    this.connections.push(connection);
  }
  of(kind: string): (readonly string[])[] {
    return this.all.filter(([one]) => one === kind);
  }
}

export class NodeFixture {
  readonly meter = new QuotaMeter();
  readonly events = new Recorded();
  readonly rights = new Rights(systemClock);
  readonly plane: DataPlane;
  private readonly servers: Server[] = [];
  private readonly sockets: Socket[] = [];

  /** `allow`: addresses and ports that are lifted from the refusal, for targets of tests. */
  constructor(
    options: Partial<DataPlaneOptions> = {},
    {
      allow = '127.0.0.1/32:1024-65535',
      resolver = NO_NAMES,
      isPeer = () => false,
    }: { allow?: string; resolver?: Resolver; isPeer?: (address: string) => boolean } = {},
  ) {
    this.rights.useKey(Buffer.alloc(32, 7));
    const lookup = new Lookup(
      resolver,
      judgeOf({
        refused: readPorts(PORTS_REFUSED).value ?? new Set(),
        allowed: readAllowed(allow).value ?? { text: '', has: () => false },
        isOwn: (address) => ownAddresses().has(address) || isPeer(address),
      }),
    );
    this.plane = new DataPlane({
      rights: this.rights,
      meter: this.meter,
      events: this.events,
      lookup,
      log: silentLog,
      host: '127.0.0.1',
      httpPort: 0,
      socksPort: 0,
      staticPorts: { first: 1_024, last: 65_535 },
      ...options,
    });
  }

  open(): Promise<void> {
    return this.plane.open();
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await this.plane.close();
    for (const server of this.servers) server.close();
    await until(() => this.plane.state.passages === 0);
  }

  right(change: Partial<Right> & { readonly pair?: readonly [string, string] } = {}): Right {
    const { pair = PAIR, ...own } = change;
    return {
      subject: 'prx_one',
      kind: 'proxy',
      accountId: 'acc_one',
      isEnabled: true,
      suspendedFor: null,
      logins: [{ name: pair[0], digest: this.rights.digestOf(pair[0], pair[1]), untilMs: null }],
      blocks: [],
      port: null,
      protocol: 'both',
      exits: { kind: 'fixed', address: '127.64.0.5', country: 'XA' },
      upstream: null,
      rotationS: null,
      validUntilMs: Date.now() + 3_600_000,
      concurrency: 250,
      bandwidthBps: null,
      isMetered: true,
      blockedDomains: [],
      allowedDomains: null,
      ...own,
    };
  }

  /** Applies one right and waits until its port listens. */
  async admit(change: Parameters<NodeFixture['right']>[0] = {}, pools?: Record<string, PoolExit[]>): Promise<Right> {
    const right = this.right(change);
    this.rights.apply({ rights: [right], pools: pools ?? null });
    await this.plane.ready();
    return right;
  }

  /** Listens on loopback; answers its port. */
  async target(accept: (socket: Socket) => void, host = '127.0.0.1', port = 0): Promise<number> {
    const server = createServer((socket) => {
      this.sockets.push(socket);
      socket.on('error', () => undefined);
      accept(socket);
    });
    this.servers.push(server);
    server.listen(port, host);
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  }

  /** A port that nothing listens on. */
  async freePort(): Promise<number> {
    const port = await this.target(() => undefined);
    const server = this.servers.pop();
    server?.close();
    if (server !== undefined) await once(server, 'close');
    return port;
  }

  client(port: number = this.plane.ports.http): RawClient {
    const client = new RawClient(port);
    this.sockets.push(client.socket);
    return client;
  }
}

/** A client that sends and receives bytes as they are. */
export class RawClient {
  readonly socket: Socket;
  bytes = Buffer.alloc(0);
  count = 0;
  hasEnded = false;
  isClosed = false;
  error: string | null = null;
  keeps = true;

  constructor(port: number) {
    this.socket = connect(port, '127.0.0.1');
    this.socket.on('data', (bytes) => {
      this.count += bytes.length;
      if (this.keeps) this.bytes = Buffer.concat([this.bytes, bytes as Buffer]);
    });
    this.socket.on('end', () => (this.hasEnded = true));
    this.socket.on('close', () => (this.isClosed = true));
    this.socket.on('error', (err: NodeJS.ErrnoException) => (this.error = err.code ?? err.message));
  }

  send(bytes: string | Buffer): this {
    this.socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes);
    return this;
  }

  get text(): string {
    return this.bytes.toString('latin1');
  }

  /** Waits for so many bytes, or for what is looked for, and takes everything up to there. */
  async take(wanted: number | string): Promise<string> {
    const end = (): number => {
      if (typeof wanted === 'number') return this.bytes.length >= wanted ? wanted : -1;
      const at = this.bytes.indexOf(wanted);
      return at < 0 ? -1 : at + wanted.length;
    };
    await until(() => end() >= 0 || this.isClosed);
    if (end() < 0) throw new Error(`closed after ${JSON.stringify(this.text)}`);
    const taken = this.bytes.subarray(0, end());
    this.bytes = this.bytes.subarray(end());
    return taken.toString('latin1');
  }

  async closed(): Promise<void> {
    await until(() => this.isClosed);
  }
}

export function basic([name, password]: readonly [string, string] = PAIR): string {
  return `Proxy-Authorization: Basic ${Buffer.from(`${name}:${password}`).toString('base64')}\r\n`;
}

/** The bytes of a SOCKS5 client with a pair, up to its request. */
export function socksHello([name, password]: readonly [string, string] = PAIR): Buffer {
  return Buffer.concat([
    Buffer.from([5, 1, 2, 1, name.length]),
    Buffer.from(name),
    Buffer.from([password.length]),
    Buffer.from(password),
  ]);
}

export function socksConnect(host: string, port: number, command = 1): Buffer {
  const name = Buffer.from(host, 'utf8');
  return Buffer.concat([Buffer.from([5, command, 0, 3, name.length]), name, Buffer.from([port >> 8, port & 0xff])]);
}

export const hasCurl = ['/usr/bin/curl', '/usr/local/bin/curl', '/bin/curl'].some((path) => existsSync(path));

export function curl(args: readonly string[]): Promise<{ readonly out: string; readonly code: number }> {
  return new Promise((resolve) => {
    execFile('curl', ['-sS', '--max-time', '20', ...args], { maxBuffer: 64_000_000 }, (err, stdout, stderr) => {
      resolve({ out: stdout + stderr, code: err === null ? 0 : Number(err.code ?? 1) });
    });
  });
}
