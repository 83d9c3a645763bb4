// The state that the double keeps across a restart, in one JSON file. A save writes a new file and renames it over the
// old one, so a crash leaves the state before or after, never a mixture.

import { mkdir, open, readFile, rename } from 'node:fs/promises';
import path from 'node:path';

import type { StoredInvoice } from './invoice';

export interface PendingWebhook {
  update_id: number;
  invoice_id: number;
  attempts: number;
}

interface State {
  next_invoice_id: number;
  next_update_id: number;
  invoices: StoredInvoice[];
  webhooks: PendingWebhook[];
}

const FILE_NAME = 'crypto-pay.json';
/** Past this many, the oldest invoices that can no longer be paid are forgotten. */
const INVOICES_MAX = 50_000;

export class Store {
  private writing: Promise<void> = Promise.resolve();
  private waiting: Promise<void> | null = null;

  private constructor(
    private readonly dataDir: string,
    private readonly state: State,
    private readonly byId: Map<number, StoredInvoice>,
    private readonly byHash: Map<string, StoredInvoice>,
  ) {}

  /** Throws when the file exists but cannot be read: an unreadable state must not silently become an empty one. */
  static async open(dataDir: string, now: Date): Promise<Store> {
    await mkdir(dataDir, { recursive: true });
    const state = await load(path.join(dataDir, FILE_NAME), now);
    const byId = new Map(state.invoices.map((invoice) => [invoice.invoice_id, invoice]));
    const byHash = new Map(state.invoices.map((invoice) => [invoice.hash, invoice]));
    return new Store(dataDir, state, byId, byHash);
  }

  nextInvoiceId(): number {
    return this.state.next_invoice_id++;
  }

  add(invoice: StoredInvoice): void {
    this.state.invoices.push(invoice);
    this.byId.set(invoice.invoice_id, invoice);
    this.byHash.set(invoice.hash, invoice);
    this.forgetOldest();
  }

  find(invoiceId: number): StoredInvoice | undefined {
    return this.byId.get(invoiceId);
  }

  findByHash(hash: string): StoredInvoice | undefined {
    return this.byHash.get(hash);
  }

  /** Newest first, as the real list comes. */
  list(): StoredInvoice[] {
    return this.state.invoices.filter((invoice) => !invoice.is_deleted).reverse();
  }

  addWebhook(invoiceId: number): PendingWebhook {
    const webhook = { update_id: this.state.next_update_id++, invoice_id: invoiceId, attempts: 0 };
    this.state.webhooks.push(webhook);
    return webhook;
  }

  removeWebhook(updateId: number): void {
    this.state.webhooks = this.state.webhooks.filter((webhook) => webhook.update_id !== updateId);
  }

  pendingWebhooks(): readonly PendingWebhook[] {
    return this.state.webhooks;
  }

  /**
   * Resolves once a write that began after this call is on disk. Calls that arrive during a write share the next one.
   */
  save(): Promise<void> {
    this.waiting ??= this.writing
      .catch(() => undefined) // the caller of that write has its error already
      .then(() => {
        this.waiting = null;
        this.writing = this.write();
        return this.writing;
      });
    return this.waiting;
  }

  private async write(): Promise<void> {
    const target = path.join(this.dataDir, FILE_NAME);
    const file = await open(`${target}.new`, 'w', 0o600);
    try {
      await file.writeFile(JSON.stringify(this.state));
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(`${target}.new`, target);
  }

  private forgetOldest(): void {
    if (this.state.invoices.length <= INVOICES_MAX) return;
    const index = this.state.invoices.findIndex((invoice) => invoice.is_deleted || invoice.payment !== undefined);
    const [forgotten] = this.state.invoices.splice(Math.max(index, 0), 1);
    if (forgotten === undefined) return;
    this.byId.delete(forgotten.invoice_id);
    this.byHash.delete(forgotten.hash);
  }
}

async function load(file: string, now: Date): Promise<State> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (err) {
    if ((err as NodeJS.ErrnoException).code === 'ENOENT')
      return { next_invoice_id: firstInvoiceId(now), next_update_id: 1, invoices: [], webhooks: [] };
    throw err;
  }
  try {
    const state = JSON.parse(text) as State; // written by this file alone; the shape is checked below
    if (
      !Array.isArray(state.invoices) ||
      !Array.isArray(state.webhooks) ||
      !Number.isSafeInteger(state.next_invoice_id)
    )
      throw new Error('wrong shape');
    return state;
  } catch (err) {
    throw new Error(`${file} is damaged. Delete it to start the double with no invoices.`, { cause: err });
  }
}

/**
 * Grows with time: a client that remembers invoices of an earlier state, since deleted, must not meet their ids again.
 */
function firstInvoiceId(now: Date): number {
  return (now.getTime() - Date.UTC(2026, 0, 1)) * 10;
}
