// Delivers `invoice_paid` updates: signed over the exact bytes sent, tried again on failure, remembered across a
// restart.

import { createHash, createHmac } from 'node:crypto';

import { showInvoice } from './invoice';
import type { PendingWebhook, Store } from './store';

/** The real service tries 17 times over three days; the double tries fewer times. */
const RETRY_DELAYS_MS = [500, 1_000, 2_000, 5_000, 10_000, 30_000, 60_000];
const ATTEMPT_TIMEOUT_MS = 10_000;

export interface WebhookOptions {
  store: Store;
  url: string | undefined;
  token: string;
  now: () => Date;
  publicUrl: () => string;
  /** Waits between attempts; the number of attempts is one more than its length. */
  retryDelaysMs?: readonly number[];
}

export class WebhookSender {
  private readonly timers = new Set<NodeJS.Timeout>();
  private readonly underWay = new Set<Promise<void>>();
  private readonly stopping = new AbortController();

  constructor(private readonly options: WebhookOptions) {}

  /** Takes up the deliveries an earlier run did not finish. */
  resume(): void {
    for (const webhook of [...this.options.store.pendingWebhooks()]) this.start(webhook);
  }

  start(webhook: PendingWebhook): void {
    const attempt = this.attempt(webhook).finally(() => this.underWay.delete(attempt));
    this.underWay.add(attempt);
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    for (const timer of this.timers) clearTimeout(timer);
    await Promise.allSettled(this.underWay);
  }

  private async attempt(webhook: PendingWebhook): Promise<void> {
    const { store } = this.options;
    const isDelivered = await this.post(webhook);
    if (!isDelivered && this.stopping.signal.aborted) return; // it stays in the store and the next run resumes it
    webhook.attempts += 1;
    const delays = this.options.retryDelaysMs ?? RETRY_DELAYS_MS;
    const delayMs = delays[webhook.attempts - 1];
    if (isDelivered || delayMs === undefined) store.removeWebhook(webhook.update_id);
    else this.startLater(webhook, delayMs);
    await store
      .save()
      .catch((err: unknown) => process.stderr.write(`crypto-pay-double: cannot save: ${String(err)}\n`));
  }

  private startLater(webhook: PendingWebhook, delayMs: number): void {
    const timer = setTimeout(() => {
      this.timers.delete(timer);
      this.start(webhook);
    }, delayMs);
    this.timers.add(timer);
  }

  private async post(webhook: PendingWebhook): Promise<boolean> {
    const { store, url, token, now, publicUrl } = this.options;
    const invoice = store.find(webhook.invoice_id);
    if (url === undefined || invoice === undefined) return true;
    const body = Buffer.from(
      JSON.stringify({
        update_id: webhook.update_id,
        update_type: 'invoice_paid',
        request_date: now().toISOString(),
        payload: showInvoice(invoice, { now: now(), publicUrl: publicUrl() }),
      }),
    );
    try {
      const answer = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'crypto-pay-api-signature': signBody(token, body) },
        body,
        redirect: 'manual',
        signal: AbortSignal.any([AbortSignal.timeout(ATTEMPT_TIMEOUT_MS), this.stopping.signal]),
      });
      await answer.body?.cancel();
      return answer.ok;
    } catch {
      return false; // not reachable or too slow: the next attempt follows
    }
  }
}

/** The key is the SHA-256 of the API token as raw bytes, not its hex text. */
export function signBody(token: string, body: Buffer): string {
  return createHmac('sha256', createHash('sha256').update(token).digest()).update(body).digest('hex');
}
