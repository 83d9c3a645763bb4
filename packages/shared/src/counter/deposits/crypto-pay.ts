// Telegram Crypto Pay (@CryptoBot). Invoices are made in USD, so the price is ours and the provider sets the rate.
// Every failure is translated here: *refused* (the provider said no), *unavailable* (nothing can have happened) or
// *unknown* (something may have happened). createInvoice has no idempotency key, so an unknown one is looked up by
// payload and never sent again blindly.
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { Pool } from 'undici';
import { formatUsd, parseUsd, type Units } from '../../ground/money';
import { elapsedMs, wasNotReached } from '../../ground/runtime';
import type {
  CancelOutcome,
  CreateOutcome,
  InvoiceRequest,
  LookUpOutcome,
  PaymentProvider,
  ProviderInvoice,
  ProviderTerms,
  WebhookVerdict,
} from './provider';
import {
  readInvoice,
  webhookUpdate,
  parseJson,
  invoicePage,
  readRow,
  readAnswer,
  type InvoiceRow,
  type CallOutcome,
} from './crypto-pay-answers';

export const CRYPTO_PAY_SIGNATURE_HEADER = 'crypto-pay-api-signature';
const SIGNATURE_SHAPE = /^[0-9a-f]{64}$/;
const ASSETS = ['USDT', 'TON', 'BTC', 'ETH', 'LTC', 'BNB', 'TRX', 'USDC'];
const EXPIRES_IN_MAX_S = 2_678_400;
/** Invoices per page: with payloads of up to 4 kB each a page stays under the response bound. */
const PAGE_SIZE = 200;
const RESPONSE_MAX_BYTES = 2_000_000;
/** Pages overlap: a deletion between two reads moves the list up, and must not hide an invoice at the border. */
const PAGE_STEP = 180;
/** A look-up by payload reads at most this many pages; older invoices can only be found by their id. */
const PAGES_MAX = 25;
/** The provider's clock may run behind ours by this much. */
const CLOCK_SKEW_MS = 5 * 60_000;

export interface CryptoPayOptions {
  /** Origin, for instance https://pay.crypt.bot (mainnet) or that of a double. */
  readonly url: string;
  readonly token: string;
  readonly minimum?: Units;
  readonly maximum?: Units;
  /** For one call, from connecting to the last byte. */
  readonly timeoutMs?: number;
}

export class CryptoPay implements PaymentProvider {
  readonly terms: ProviderTerms;
  private readonly pool: Pool;
  private readonly webhookKey: Buffer;
  private readonly token: string;
  private readonly timeoutMs: number;

  constructor(options: CryptoPayOptions) {
    this.terms = {
      provider: 'cryptobot',
      minimum: options.minimum ?? parseUsd('1'),
      maximum: options.maximum ?? parseUsd('25000'),
      assets: ASSETS,
      fee: 'None for you: the balance grows by the full amount.',
      eta: 'Within a minute of the payment.',
    };
    const timeoutMs = options.timeoutMs ?? 8_000;
    this.timeoutMs = timeoutMs;
    this.pool = new Pool(new URL(options.url).origin, {
      connections: 8,
      connect: { timeout: timeoutMs },
      headersTimeout: timeoutMs,
      bodyTimeout: timeoutMs,
      maxResponseSize: RESPONSE_MAX_BYTES,
    });
    this.token = options.token;
    this.webhookKey = createHash('sha256').update(options.token).digest();
  }

  async create(request: InvoiceRequest): Promise<CreateOutcome> {
    const answer = await this.call('createInvoice', {
      currency_type: 'fiat',
      fiat: 'USD',
      amount: formatUsd(request.amount),
      payload: request.depositId,
      expires_in: Math.min(Math.max(1, request.expiresInS), EXPIRES_IN_MAX_S),
      description: `Lumi balance top-up, ${formatUsd(request.amount)} USD`,
      allow_comments: false,
      ...(request.asset !== undefined && { accepted_assets: request.asset }),
      ...(request.returnUrl !== undefined && { paid_btn_name: 'callback', paid_btn_url: request.returnUrl }),
    });
    if (answer.kind !== 'ok') return answer;
    const invoice = readInvoice(answer.result);
    if (invoice?.depositId !== request.depositId || invoice.amount !== request.amount) {
      return {
        kind: 'unknown',
        cause: new Error('createInvoice answered with another invoice than the one asked for'),
      };
    }
    return { kind: 'done', invoice };
  }

  async lookUp(deposit: {
    depositId: string;
    providerInvoiceId: string | null;
    createdAt: Date;
  }): Promise<LookUpOutcome> {
    if (deposit.providerInvoiceId !== null) {
      const many = await this.lookUpMany([deposit.providerInvoiceId]);
      if (many.kind === 'unavailable') return many;
      const invoice = many.invoices.get(deposit.providerInvoiceId);
      return invoice === undefined ? { kind: 'absent' } : { kind: 'found', invoice };
    }
    return this.lookUpByPayload(deposit.depositId, deposit.createdAt);
  }

  async lookUpMany(
    providerInvoiceIds: readonly string[],
  ): Promise<
    { kind: 'read'; invoices: ReadonlyMap<string, ProviderInvoice> } | { kind: 'unavailable'; cause: unknown }
  > {
    const invoices = new Map<string, ProviderInvoice>();
    for (let start = 0; start < providerInvoiceIds.length; start += PAGE_SIZE) {
      const ids = providerInvoiceIds.slice(start, start + PAGE_SIZE);
      const page = await this.readPage({ invoice_ids: ids.join(','), count: PAGE_SIZE });
      if (page.kind === 'unavailable') return page;
      for (const { invoice } of page.rows)
        if (ids.includes(invoice.providerInvoiceId)) invoices.set(invoice.providerInvoiceId, invoice);
    }
    return { kind: 'read', invoices };
  }

  async cancel(providerInvoiceId: string): Promise<CancelOutcome> {
    const answer = await this.call('deleteInvoice', { invoice_id: providerInvoiceId });
    switch (answer.kind) {
      case 'ok':
        return { kind: 'done' };
      case 'refused':
        return answer;
      case 'unavailable':
      case 'unknown':
        return { kind: 'unknown', cause: answer.cause };
    }
  }

  /** Over the bytes received: a body that was parsed and serialised again would have another signature. */
  verifyWebhook(rawBody: Buffer, headers: IncomingHttpHeaders): WebhookVerdict {
    const signature = headers[CRYPTO_PAY_SIGNATURE_HEADER];
    // The pattern is checked first: Buffer.from(…, 'hex') stops silently at the first invalid character.
    if (typeof signature !== 'string' || !SIGNATURE_SHAPE.test(signature)) return { kind: 'forged' };
    const expected = createHmac('sha256', this.webhookKey).update(rawBody).digest();
    if (!timingSafeEqual(Buffer.from(signature, 'hex'), expected)) return { kind: 'forged' };
    const update = webhookUpdate.safeParse(parseJson(rawBody.toString('utf8')));
    return update.success ? { kind: 'paid', providerInvoiceId: update.data.payload.invoice_id } : { kind: 'ignored' };
  }

  async close(): Promise<void> {
    await this.pool.destroy();
  }

  /** Newest first, until an invoice older than the deposit shows that ours cannot follow. */
  private async lookUpByPayload(depositId: string, createdAt: Date): Promise<LookUpOutcome> {
    const oldestMs = createdAt.getTime() - CLOCK_SKEW_MS;
    const startedMs = elapsedMs();
    for (let pageNumber = 0; pageNumber < PAGES_MAX; pageNumber += 1) {
      const page = await this.readPage({ fiat: 'USD', offset: pageNumber * PAGE_STEP, count: PAGE_SIZE });
      if (page.kind === 'unavailable') return page;
      const match = page.rows.find(({ invoice }) => invoice.depositId === depositId);
      if (match !== undefined) return { kind: 'found', invoice: match.invoice };
      const isEnd = page.rows.length < PAGE_SIZE || page.rows.some(({ createdAtMs }) => createdAtMs < oldestMs);
      if (isEnd) return { kind: 'absent' };
      if (elapsedMs() - startedMs > this.timeoutMs) break; // the caller may be a request that waits
    }
    return { kind: 'unavailable', cause: new Error('the list of invoices is too long to look through') };
  }

  private async readPage(
    params: Record<string, string | number>,
  ): Promise<{ kind: 'read'; rows: InvoiceRow[] } | { kind: 'unavailable'; cause: unknown }> {
    const answer = await this.call('getInvoices', params);
    if (answer.kind === 'refused')
      return { kind: 'unavailable', cause: new Error(`getInvoices refused: ${answer.reason}`) };
    if (answer.kind !== 'ok') return { kind: 'unavailable', cause: answer.cause };
    const page = invoicePage.safeParse(answer.result);
    if (!page.success) return { kind: 'unavailable', cause: page.error };
    // An item that cannot be read must not look like an absent one.
    const rows = page.data.items.map(readRow);
    const readable = rows.filter((row) => row !== null);
    if (readable.length !== rows.length)
      return { kind: 'unavailable', cause: new Error('getInvoices answered with an invoice that cannot be read') };
    return { kind: 'read', rows: readable };
  }

  private async call(method: string, params: Record<string, unknown>): Promise<CallOutcome> {
    let statusCode: number;
    let text: string;
    try {
      const answer = await this.pool.request({
        method: 'POST',
        path: `/api/${method}`,
        headers: { 'content-type': 'application/json', accept: 'application/json', 'crypto-pay-api-token': this.token },
        body: JSON.stringify(params),
        signal: AbortSignal.timeout(this.timeoutMs), // the pool's own limits restart with every byte
      });
      statusCode = answer.statusCode;
      text = await answer.body.text();
    } catch (cause) {
      return { kind: wasNotReached(cause) ? 'unavailable' : 'unknown', cause };
    }
    return readAnswer(statusCode, text);
  }
}
