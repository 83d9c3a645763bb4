// Receives notifications of changed keys from PostgreSQL (LISTEN lumi_keys, sent by a trigger). The connection belongs
// to this process, because a pooler in transaction mode does not carry notifications. While it is down, only the
// cache's age limit works.
import { Client } from 'pg';
import type { Log } from '@lumi/shared/runtime';

const CHANNEL = 'lumi_keys';
const RECONNECT_MS = 1_000;
const CONNECT_TIMEOUT_MS = 5_000;

export interface KeyNotificationsOptions {
  readonly databaseUrl: string;
  readonly log: Log;
  readonly onChange: (storedDigest: string) => void;
  /** Called whenever listening (re)starts: earlier notifications were not received. */
  readonly onGap: () => void;
}

export class KeyNotifications {
  private client: Client | null = null;
  private timer: NodeJS.Timeout | null = null;
  private isStopped = false;
  private isAway = false;
  private isHeard = false;

  constructor(private readonly options: KeyNotificationsOptions) {}

  /** Changes of keys arrive at once. */
  get isListening(): boolean {
    return this.isHeard;
  }

  /** Resolves when the first attempt has ended, with or without success. */
  async start(): Promise<void> {
    const client = new Client({
      connectionString: this.options.databaseUrl,
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      keepAlive: true,
      application_name: 'gateway keys',
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
    client.on('notification', (message) => this.options.onChange(message.payload ?? ''));
    try {
      await client.connect();
      await client.query(`LISTEN ${CHANNEL}`);
      if (this.isAway) this.options.log.info('listening for key changes again');
      this.isAway = false;
      this.isHeard = true;
      this.options.onGap();
    } catch (err) {
      lost(err);
    }
  }

  async stop(): Promise<void> {
    this.isStopped = true;
    if (this.timer !== null) clearTimeout(this.timer);
    await this.client?.end().catch(() => undefined); // it may never have been connected
  }

  private retry(client: Client, err: unknown): void {
    this.isHeard = false;
    if (this.isStopped) return;
    if (!this.isAway)
      this.options.log.warn('not listening for key changes; keys are read again every few seconds', { err });
    this.isAway = true;
    client.end().catch(() => undefined); // already gone
    this.timer = setTimeout(() => void this.start(), RECONNECT_MS).unref();
  }
}
