// The interface of a payment provider, in our terms. A provider never decides about credit: it only reports how an
// invoice ended, and the deposits room compares that with its own row. Every call ends within the provider's own time
// limits.
import type { IncomingHttpHeaders } from 'node:http';
import type { Units } from '../../ground/money';

export interface InvoiceRequest {
  /** Our id. The provider keeps it with the invoice, so an invoice whose answer was lost can be found again. */
  readonly depositId: string;
  readonly amount: Units;
  readonly expiresInS: number;
  readonly asset?: string;
  /** The link for the payer after paying. */
  readonly returnUrl?: string;
}

export interface PayUrls {
  readonly bot?: string;
  readonly mini_app?: string;
  readonly web?: string;
}

export interface ProviderPayment {
  readonly paidAt: Date;
  readonly asset: string | null;
  /** In the asset, as the provider wrote it. For the record only: the credit is the deposit's own amount. */
  readonly amount: string | null;
  readonly feeAsset: string | null;
  readonly fee: string | null;
}

export interface ProviderInvoice {
  readonly providerInvoiceId: string;
  /** The id of ours that the provider returns; null when it is not one of ours. */
  readonly depositId: string | null;
  /** Null when the invoice is not in USD or its amount is not valid: such an invoice is never credited. */
  readonly amount: Units | null;
  readonly state: 'open' | 'paid' | 'expired';
  readonly payUrl: string;
  readonly payUrls: PayUrls;
  readonly expiresAt: Date | null;
  readonly payment: ProviderPayment | null;
}

export type CreateOutcome =
  | { readonly kind: 'done'; readonly invoice: ProviderInvoice }
  /** The provider refused this invoice; it would refuse the same request again. */
  | { readonly kind: 'refused'; readonly reason: string }
  /** Certainly nothing was made. */
  | { readonly kind: 'unavailable'; readonly cause: unknown }
  /** An invoice may or may not exist; only `lookUp` may decide. */
  | { readonly kind: 'unknown'; readonly cause: unknown };

export type LookUpOutcome =
  | { readonly kind: 'found'; readonly invoice: ProviderInvoice }
  /** The provider has no such invoice at this moment (never made, or deleted). */
  | { readonly kind: 'absent' }
  | { readonly kind: 'unavailable'; readonly cause: unknown };

export type CancelOutcome =
  | { readonly kind: 'done' }
  | { readonly kind: 'refused'; readonly reason: string }
  | { readonly kind: 'unknown'; readonly cause: unknown };

export type WebhookVerdict =
  /** Genuine. It names an invoice to read again; its other fields are ignored. */
  | { readonly kind: 'paid'; readonly providerInvoiceId: string }
  /** Genuine, but not about an event we handle. */
  | { readonly kind: 'ignored' }
  | { readonly kind: 'forged' };

export interface ProviderTerms {
  readonly provider: string;
  readonly minimum: Units;
  readonly maximum: Units;
  readonly assets: readonly string[];
  /** One sentence for customers. */
  readonly fee: string;
  readonly eta: string;
}

export interface PaymentProvider {
  readonly terms: ProviderTerms;
  create(request: InvoiceRequest): Promise<CreateOutcome>;
  /** By the provider's id when we know it; otherwise by our deposit id among the invoices made since `createdAt`. */
  lookUp(deposit: { depositId: string; providerInvoiceId: string | null; createdAt: Date }): Promise<LookUpOutcome>;
  /** Many at once, for the poller. Ids that the provider does not know are missing from the map. */
  lookUpMany(
    providerInvoiceIds: readonly string[],
  ): Promise<
    { kind: 'read'; invoices: ReadonlyMap<string, ProviderInvoice> } | { kind: 'unavailable'; cause: unknown }
  >;
  /**
   * Requests that the invoice can no longer be paid. The caller reads it again afterwards: a payment may have been
   * faster.
   */
  cancel(providerInvoiceId: string): Promise<CancelOutcome>;
  verifyWebhook(rawBody: Buffer, headers: IncomingHttpHeaders): WebhookVerdict;
  close(): Promise<void>;
}

export class PaymentProviders {
  private readonly byName: ReadonlyMap<string, PaymentProvider>;

  constructor(providers: readonly PaymentProvider[]) {
    this.byName = new Map(providers.map((provider) => [provider.terms.provider, provider]));
  }

  find(name: string): PaymentProvider | null {
    return this.byName.get(name) ?? null;
  }

  all(): readonly PaymentProvider[] {
    return [...this.byName.values()];
  }

  async close(): Promise<void> {
    await Promise.all(this.all().map((provider) => provider.close()));
  }
}
