// The `sandbox` provider: no network. Its invoices are in a table of ours, and a page of ours pays them with test
// money. Never offer it where balances are worth real money. Raw SQL: functions; and the clock of the database decides
// whether an invoice is expired.
import { randomBytes } from 'node:crypto';
import { sql, type SqlRunner } from '../../base/db';
import { parseUsd, type Units } from '../../ground/money';
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

/** Assets that select an ending, so that callers can test how they handle it. */
const REFUSED = 'TEST_REFUSED';
const UNAVAILABLE = 'TEST_UNAVAILABLE';

export interface SandboxInvoice {
  readonly depositId: string;
  readonly token: string;
  readonly amount: Units;
  readonly returnUrl: string | null;
  readonly state: 'open' | 'paid' | 'cancelled';
  readonly expiresAt: Date;
  readonly paidAt: Date | null;
  /** By the database's clock, which `sandbox_invoice_pay` uses too. */
  readonly isExpired: boolean;
}

export class SandboxPay implements PaymentProvider {
  readonly terms: ProviderTerms = {
    provider: 'sandbox',
    minimum: parseUsd('0.01'),
    maximum: parseUsd('100000'),
    assets: ['TEST', REFUSED, UNAVAILABLE],
    fee: 'None: this is test money.',
    eta: 'At once.',
  };

  constructor(
    private readonly db: SqlRunner,
    private readonly payUrlOf: (token: string) => string,
  ) {}

  async create(request: InvoiceRequest): Promise<CreateOutcome> {
    if (request.asset === REFUSED) return { kind: 'refused', reason: REFUSED };
    if (request.asset === UNAVAILABLE) return { kind: 'unavailable', cause: new Error(UNAVAILABLE) };
    const token = randomBytes(24).toString('base64url');
    const rows = await this.db.$queryRaw<SandboxRow[]>(sql`
      SELECT *, false AS is_expired FROM platform.sandbox_invoice_create(${request.depositId}, ${token},
        ${request.amount}::bigint, ${request.returnUrl ?? null}::text, ${request.expiresInS}::int)`);
    const row = rows[0];
    if (row === undefined) throw new Error('sandbox_invoice_create returned no row');
    return { kind: 'done', invoice: this.view(invoiceOfRow(row)) };
  }

  async lookUp(deposit: { depositId: string; providerInvoiceId: string | null }): Promise<LookUpOutcome> {
    const many = await this.lookUpMany([deposit.providerInvoiceId ?? deposit.depositId]);
    const invoice = many.invoices.get(deposit.depositId);
    return invoice === undefined ? { kind: 'absent' } : { kind: 'found', invoice };
  }

  /** Its invoice ids are our deposit ids. */
  async lookUpMany(ids: readonly string[]): Promise<{ kind: 'read'; invoices: ReadonlyMap<string, ProviderInvoice> }> {
    const rows = await this.db.$queryRaw<SandboxRow[]>(sql`
      SELECT *, expires_at <= now() AS is_expired FROM platform.sandbox_invoice
        WHERE deposit_id = ANY (${[...ids]}::text[]) AND state <> 'cancelled'`);
    return {
      kind: 'read',
      invoices: new Map(rows.map(invoiceOfRow).map((invoice) => [invoice.depositId, this.view(invoice)])),
    };
  }

  async cancel(depositId: string): Promise<CancelOutcome> {
    const rows = await this.db.$queryRaw<{ done: boolean }[]>(
      sql`SELECT platform.sandbox_invoice_cancel(${depositId}) AS done`,
    );
    return rows[0]?.done === true ? { kind: 'done' } : { kind: 'refused', reason: 'it is not open' };
  }

  /** It sends no webhooks, so any webhook in its name is forged. */
  verifyWebhook(): WebhookVerdict {
    return { kind: 'forged' };
  }

  async close(): Promise<void> {
    await Promise.resolve();
  }

  /** The data of the pay page. */
  async find(token: string): Promise<SandboxInvoice | null> {
    const rows = await this.db.$queryRaw<SandboxRow[]>(
      sql`SELECT *, expires_at <= now() AS is_expired FROM platform.sandbox_invoice WHERE token = ${token}`,
    );
    return rows[0] === undefined ? null : invoiceOfRow(rows[0]);
  }

  /** The effect of the pay page's button; returns the invoice afterwards. */
  async pay(token: string): Promise<SandboxInvoice | null> {
    await this.db.$queryRaw(sql`SELECT deposit_id FROM platform.sandbox_invoice_pay(${token})`);
    return this.find(token);
  }

  private view(invoice: SandboxInvoice): ProviderInvoice {
    const payUrl = this.payUrlOf(invoice.token);
    return {
      providerInvoiceId: invoice.depositId,
      depositId: invoice.depositId,
      amount: invoice.amount,
      state: invoice.state === 'paid' ? 'paid' : invoice.isExpired ? 'expired' : 'open',
      payUrl,
      payUrls: { web: payUrl },
      expiresAt: invoice.expiresAt,
      payment:
        invoice.paidAt === null
          ? null
          : { paidAt: invoice.paidAt, asset: 'TEST', amount: null, feeAsset: null, fee: null },
    };
  }
}

interface SandboxRow {
  readonly deposit_id: string;
  readonly token: string;
  readonly amount: bigint;
  readonly return_url: string | null;
  readonly state: string;
  readonly expires_at: Date;
  readonly paid_at: Date | null;
  readonly is_expired: boolean;
}

function invoiceOfRow(row: SandboxRow): SandboxInvoice {
  return {
    depositId: row.deposit_id,
    token: row.token,
    amount: row.amount,
    returnUrl: row.return_url,
    state: row.state as SandboxInvoice['state'], // a check constraint of the table
    expiresAt: row.expires_at,
    paidAt: row.paid_at,
    isExpired: row.is_expired,
  };
}
