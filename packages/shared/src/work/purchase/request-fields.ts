// The fields that every money request shares, the translation of its body for the engine, and of the engine's answer
// for the wire.
import { z } from 'zod';
import type { Reply, RequestContext } from '../../counter/endpoint';
import { parseUsd, usdInput } from '../../ground/money';
import type { PriceConsent, PurchaseRequest } from './purchase-request';
import type { PurchaseAnswer } from './purchase-answer';

export const referenceField = z
  .string()
  .min(1)
  .max(128)
  .optional()
  .describe('Your own reference, 1 to 128 characters; lists can be filtered by it.');
/** A route with this field in its body declares its path (`autoRenew` of its declaration). */
export const autoRenewField = z
  .boolean()
  .optional()
  .describe('Renew before it expires. `true` commits money of the future and needs both `buy` and `write`.');
export const tagsField = z
  .array(
    z
      .string()
      .min(1)
      .max(64)
      .regex(/^[^\s,][^,]*$/, 'must not contain commas'),
  )
  .max(20)
  .optional()
  .describe('Up to 20 tags.');
export const metadataField = z
  .record(z.string().max(64), z.union([z.string().max(512), z.number(), z.boolean(), z.null()]))
  .optional()
  .describe('Up to 4 kB of your own key-value data.')
  .refine((value) => value === undefined || JSON.stringify(value).length <= 4096, 'must not be larger than 4 kB');

/** Spread into the route of an endpoint that sells: a money request, with a dry run. */
export const SELLING = { scope: 'buy', class: 'money', reach: 'account', dryRun: true } as const;

/** Spread into the body schema of a purchase. */
export const purchaseFields = {
  expected_price_usd: usdInput
    .optional()
    .describe('The exact price you agree to; anything else is `409 price_changed` and costs nothing.'),
  max_price_usd: usdInput.optional().describe('The most you agree to pay.'),
  quote_id: z
    .string()
    .min(1)
    .max(64)
    .optional()
    .describe(
      'Buy at the price of this quote (`POST /quotes`). Each of its lines is good for one purchase until it ' +
        'expires; otherwise `409 price_changed`.',
    )
    .meta({ example: 'quo_01k000000000000000000000' }),
  reference: referenceField,
  tags: tagsField,
  metadata: metadataField,
};

export interface PurchaseBody {
  readonly expected_price_usd?: string | undefined;
  readonly max_price_usd?: string | undefined;
  readonly quote_id?: string | undefined;
  readonly reference?: string | undefined;
  readonly tags?: readonly string[] | undefined;
  readonly metadata?: Readonly<Record<string, unknown>> | undefined;
}

export function consentOf(body: PurchaseBody): PriceConsent {
  return {
    expected: body.expected_price_usd === undefined ? undefined : parseUsd(body.expected_price_usd),
    max: body.max_price_usd === undefined ? undefined : parseUsd(body.max_price_usd),
  };
}

/** The fields of a PurchaseRequest that come from the request itself and not from the product. */
export function requestPart(
  context: RequestContext<unknown, unknown, PurchaseBody>,
): Pick<
  PurchaseRequest,
  | 'principal'
  | 'accountId'
  | 'requestId'
  | 'claim'
  | 'dryRun'
  | 'reference'
  | 'tags'
  | 'metadata'
  | 'consent'
  | 'quoteId'
> {
  const { body } = context;
  return {
    principal: context.principal,
    accountId: context.accountId,
    requestId: context.requestId,
    claim: context.claim,
    dryRun: context.dryRun,
    reference: body.reference ?? null,
    tags: body.tags ?? [],
    metadata: body.metadata ?? null,
    consent: consentOf(body),
    quoteId: body.quote_id ?? null,
  };
}

export function purchaseReply(answer: PurchaseAnswer): Reply {
  return {
    status: answer.status,
    bytes: answer.bytes,
    headers: {
      ...(answer.location === null ? {} : { Location: answer.location }),
      ...(answer.replayOf === null
        ? {}
        : { 'Idempotent-Replayed': 'true', ...(answer.status >= 400 ? { 'X-Request-Id': answer.replayOf } : {}) }),
      ...(answer.status === 202 ? { 'Retry-After': '2' } : {}),
    },
  };
}
