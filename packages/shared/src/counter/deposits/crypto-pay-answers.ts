// The answers of Crypto Pay: its envelope, its invoices, and their meaning for us.
import { z } from 'zod';
import { parseUsd, usdInput } from '../../ground/money';
import type { ProviderInvoice } from './provider';

export type CallOutcome =
  | { kind: 'ok'; result: unknown }
  | { kind: 'refused'; reason: string }
  | { kind: 'unavailable'; cause: unknown }
  | { kind: 'unknown'; cause: unknown };

export interface InvoiceRow {
  invoice: ProviderInvoice;
  createdAtMs: number;
}

const answerSchema = z.union([
  z.object({ ok: z.literal(true), result: z.unknown() }),
  z.object({ ok: z.literal(false), error: z.object({ name: z.string() }) }),
]);

/**
 * Only the provider's own envelope with a 4xx is a refusal; a bare 4xx may come from a proxy after the call went
 * through.
 */
export function readAnswer(statusCode: number, text: string): CallOutcome {
  const answer = answerSchema.safeParse(parseJson(text));
  if (!answer.success)
    return { kind: 'unknown', cause: new Error(`the provider answered ${String(statusCode)} without its envelope`) };
  if (answer.data.ok) return { kind: 'ok', result: answer.data.result };
  const { name } = answer.data.error;
  const cause = new Error(`the provider answered ${String(statusCode)} ${name}`);
  if (statusCode === 400) return { kind: 'refused', reason: name };
  // 401, 403, 405, 429: our token or our rate is wrong; the call was refused before it did anything.
  return { kind: statusCode > 400 && statusCode < 500 && statusCode !== 408 ? 'unavailable' : 'unknown', cause };
}

const numberOrText = z.union([z.string().max(64), z.number()]).transform(String);
const invoiceId = z.union([z.string().regex(/^\d{1,18}$/), z.int().positive()]).transform(String);
const link = z
  .string()
  .regex(/^https?:\/\/\S+$/)
  .max(2_048);
const time = z
  .string()
  .transform((text) => new Date(text))
  .refine((date) => !Number.isNaN(date.getTime()));

const invoiceSchema = z.object({
  invoice_id: invoiceId,
  status: z.enum(['active', 'paid', 'expired']),
  currency_type: z.string().optional(),
  fiat: z.string().optional(),
  amount: numberOrText,
  payload: z.string().optional(),
  bot_invoice_url: link.optional(),
  mini_app_invoice_url: link.optional(),
  web_app_invoice_url: link.optional(),
  pay_url: link.optional(),
  created_at: time,
  expiration_date: time.optional(),
  paid_at: time.optional(),
  paid_asset: z.string().max(16).optional(),
  paid_amount: numberOrText.optional(),
  fee_asset: z.string().max(16).optional(),
  fee_amount: numberOrText.optional(),
});

export const invoicePage = z.object({ items: z.array(z.unknown()).max(1_000) });
export const webhookUpdate = z.object({
  update_type: z.literal('invoice_paid'),
  payload: z.object({ invoice_id: invoiceId }),
});

const STATES = { active: 'open', paid: 'paid', expired: 'expired' } as const;

export function readInvoice(value: unknown): ProviderInvoice | null {
  return readRow(value)?.invoice ?? null;
}

export function readRow(value: unknown): InvoiceRow | null {
  const parsed = invoiceSchema.safeParse(value);
  if (!parsed.success) return null;
  const data = parsed.data;
  const payUrl = data.bot_invoice_url ?? data.pay_url ?? data.web_app_invoice_url ?? data.mini_app_invoice_url;
  if (payUrl === undefined) return null;
  return {
    createdAtMs: data.created_at.getTime(),
    invoice: {
      providerInvoiceId: data.invoice_id,
      depositId: data.payload ?? null,
      amount:
        data.fiat === 'USD' && data.currency_type === 'fiat' && usdInput.safeParse(data.amount).success
          ? parseUsd(data.amount)
          : null,
      state: STATES[data.status],
      payUrl,
      payUrls: {
        ...(data.bot_invoice_url !== undefined && { bot: data.bot_invoice_url }),
        ...(data.mini_app_invoice_url !== undefined && { mini_app: data.mini_app_invoice_url }),
        ...(data.web_app_invoice_url !== undefined && { web: data.web_app_invoice_url }),
      },
      expiresAt: data.expiration_date ?? null,
      payment:
        data.status !== 'paid'
          ? null
          : {
              paidAt: data.paid_at ?? data.created_at,
              asset: data.paid_asset ?? null,
              amount: data.paid_amount ?? null,
              feeAsset: data.fee_asset ?? null,
              fee: data.fee_amount ?? null,
            },
    },
  };
}

/** `undefined` for text that is not JSON, so that the schema refuses it like any other wrong shape. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
