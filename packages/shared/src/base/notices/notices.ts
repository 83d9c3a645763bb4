// Receives notices of PostgreSQL (LISTEN). The connection belongs to this process alone, because a pooler in
// transaction mode does not carry notices. While it is down nothing is heard: a notice only makes sooner what a look at
// the tables would find later. Such a pooler takes LISTEN and stays silent, so nothing counts as heard before a notice
// of our own has arrived that another connection sent.
import { Client } from 'pg';
import type { Log } from '../../ground/runtime';

const RECONNECT_MS = 1_000;
const CONNECT_TIMEOUT_MS = 5_000;
const OWN = 'does this arrive?';
const OWN_LIMIT_MS = 5_000;

export interface NoticesOptions {
  readonly databaseUrl: string;
  readonly name: string;
  readonly log: Log;
  /** Sends a notice, over another connection than this one. */
  readonly send: (channel: string, payload: string) => Promise<unknown>;
  /** For the log: of what, and what becomes of it while nothing is heard. */
  readonly what: string;
  readonly meanwhile: string;
}

export interface Listener {
  notice(payload: string): void;
  /** Called whenever listening (re)starts: earlier notices were not received. */
  gap(): void;
}

export class Notices {
  private readonly listeners = new Map<string, Listener>();
  private client: Client | null = null;
  private starting: Promise<void> | null = null;
  private timer: NodeJS.Timeout | null = null;
  private isStopped = false;
  private isAway = false;
  private isHeard = false;

  constructor(private readonly options: NoticesOptions) {}

  /** Notices arrive at once: one has. */
  get isListening(): boolean {
    return this.isHeard;
  }

  /** One listener for each channel, before the start. The channel is a name of ours, without quotes. */
  on(channel: string, listener: Listener): void {
    this.listeners.set(channel, listener);
  }

  /** Opens the connection, once. Resolves when the first attempt has ended, with or without success. */
  start(): Promise<void> {
    this.starting ??= this.open();
    return this.starting;
  }

  async stop(): Promise<void> {
    this.isStopped = true;
    this.isHeard = false;
    if (this.timer !== null) clearTimeout(this.timer);
    await this.client?.end().catch(() => undefined); // it may never have been connected
  }

  private async open(): Promise<void> {
    if (this.isStopped) return;
    const { databaseUrl, name, log, what } = this.options;
    const client = new Client({
      connectionString: databaseUrl,
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      keepAlive: true,
      application_name: name,
    });
    this.client = client;
    let isLost = false;
    const lost = (err?: unknown): void => {
      if (isLost) return;
      isLost = true;
      this.retry(client, err);
    };
    client.on('error', lost);
    client.on('end', () => lost());
    client.on('notification', ({ channel, payload }) => {
      if (payload === OWN) this.isHeard = !this.isStopped && !isLost;
      else this.listeners.get(channel)?.notice(payload ?? '');
    });
    try {
      await client.connect();
      for (const channel of this.listeners.keys()) await client.query(`LISTEN ${channel}`);
      if (this.isAway) log.info(`listening for ${what} again`);
      this.isAway = false;
      for (const listener of this.listeners.values()) listener.gap();
      await this.tryOut(client);
    } catch (err) {
      lost(err);
    }
  }

  private async tryOut(client: Client): Promise<void> {
    const { send, log, what, meanwhile } = this.options;
    const [channel] = this.listeners.keys();
    if (channel === undefined) return;
    await send(channel, OWN);
    this.timer = setTimeout(() => {
      if (this.isHeard || this.isStopped || this.client !== client) return;
      log.warn(`notices of ${what} do not arrive; ${meanwhile}. Behind a pooler set DATABASE_DIRECT_URL`);
    }, OWN_LIMIT_MS).unref();
  }

  private retry(client: Client, err: unknown): void {
    this.isHeard = false;
    if (this.isStopped) return;
    const { log, what, meanwhile } = this.options;
    if (!this.isAway) log.warn(`not listening for ${what}; ${meanwhile}`, { err });
    this.isAway = true;
    client.end().catch(() => undefined); // already gone
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.open(), RECONNECT_MS).unref();
  }
}
